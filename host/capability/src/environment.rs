//! The environment every guest has, whatever it asked for.

/// Variables that every call sees, in this order, all of them guest paths or constants: nothing
/// here tells about the host. Names as in the openotters locked environment; a manifest adds its
/// own with `[[env]]`.
pub const LOCKED_ENVIRONMENT: [(&str, &str); 8] = [
    ("PATH", "/usr/bin"),
    ("HOME", "/home"),
    ("XDG_CONFIG_HOME", "/home/.config"),
    ("XDG_CACHE_HOME", "/home/.cache"),
    ("XDG_DATA_HOME", "/home/.local/share"),
    ("TMPDIR", "/tmp"),
    ("LANG", "C.UTF-8"),
    ("OTTERS_AGENT_ROOT", "/"),
];
