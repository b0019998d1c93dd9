//! Names of environment variables that an Agentfile may set.

/// Variables that the host sets for every tool, and those that other hosts set for a runtime.
const RESERVED: [&str; 10] = [
    "PATH",
    "HOME",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
    "TMPDIR",
    "LANG",
    "OTTERS_AGENT_ROOT",
    "OTTERSD_URL",
    "OTTERS_AGENT_TOKEN",
];

/// Ends of names under which keys of model providers travel.
const OF_PROVIDERS: [&str; 2] = ["_API_KEY", "_API_BASE"];

/// The longest name, in bytes: what a manifest takes.
const NAME_MAX_BYTES: usize = 128;

/// Completes a sentence about a name that may not be set; nothing for one that may.
pub(super) fn refusal(name: &str) -> Option<String> {
    let begins = name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_');
    let fits = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    if !begins || name.len() > NAME_MAX_BYTES || !name.chars().all(fits) {
        return Some(format!(
            "is not the name of a variable; write 1 to {NAME_MAX_BYTES} of A-Z, 0-9 and `_`, the \
             first no digit"
        ));
    }
    if RESERVED.contains(&name) {
        return Some("is set by the host; give this variable another name".to_owned());
    }
    if OF_PROVIDERS.iter().any(|end| name.ends_with(end)) {
        return Some(
            "looks like the key of a model provider, which no tool sees; give a tool a secret \
             with `[[grant]] secrets`, or this variable another name"
                .to_owned(),
        );
    }
    None
}
