//! The files of new projects in other languages than Rust.

/// A file of a new project: its path, and its text with the names to fill in.
type File = (&'static str, &'static str);

pub(super) const PYTHON: [File; 7] = [
    ("app.py", include_str!("python/app.py")),
    ("tool.wit", include_str!("tool.wit")),
    ("capabilities.toml", include_str!("greeting.toml")),
    ("USAGE.md", include_str!("greeting.md")),
    ("cases/cases.json", include_str!("greeting.json")),
    ("README.md", include_str!("python/README.md")),
    (".gitignore", include_str!("python/gitignore")),
];

pub(super) const JAVASCRIPT: [File; 8] = [
    ("app.js", include_str!("javascript/app.js")),
    ("package.json", include_str!("javascript/package.json")),
    ("tool.wit", include_str!("tool.wit")),
    ("capabilities.toml", include_str!("greeting.toml")),
    ("USAGE.md", include_str!("greeting.md")),
    ("cases/cases.json", include_str!("greeting.json")),
    ("README.md", include_str!("javascript/README.md")),
    (".gitignore", include_str!("javascript/gitignore")),
];

pub(super) const C: [File; 6] = [
    ("main.c", include_str!("c/main.c")),
    ("capabilities.toml", include_str!("c/capabilities.toml")),
    ("USAGE.md", include_str!("command/USAGE.md")),
    ("cases/cases.json", include_str!("command/cases.json")),
    ("README.md", include_str!("c/README.md")),
    (".gitignore", include_str!("gitignore")),
];
