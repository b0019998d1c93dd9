//! A project of a new tool that builds, tests and lints clean as it is.

mod foreign;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str::FromStr;

use crate::error::Error;

/// The longest name of a tool, in bytes, as `wit/tool.wit` has it.
const MAX_NAME: usize = 63;

/// Names that Rust or Cargo would not take for a crate of these dependencies, or take for something
/// else.
const TAKEN: [&str; 60] = [
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "build",
    "const",
    "continue",
    "core",
    "cofferdam-guest",
    "crate",
    "deps",
    "do",
    "dyn",
    "else",
    "enum",
    "examples",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "incremental",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc-macro",
    "pub",
    "ref",
    "return",
    "schemars",
    "self",
    "serde",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "use",
    "where",
    "while",
];

/// The SDK in the checkout that this program was built from.
const OWN_SDK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest-sdk");

/// A file of a new project: its path, and its text with the names to fill in.
type Template = (&'static str, &'static str);

const TYPED: [Template; 7] = [
    ("Cargo.toml", include_str!("project/typed/package.toml")),
    ("src/lib.rs", include_str!("project/typed/lib.rs")),
    (
        "capabilities.toml",
        include_str!("project/typed/capabilities.toml"),
    ),
    ("USAGE.md", include_str!("project/typed/USAGE.md")),
    ("cases/cases.json", include_str!("project/typed/cases.json")),
    ("README.md", include_str!("project/typed/README.md")),
    (".gitignore", include_str!("project/gitignore")),
];

/// The lines of the Cargo.toml of a pure tool, and of its README, beyond those of a typed one.
const PURE: Additions = Additions {
    metadata: "\n# It can only compute: `tool build` refuses any import but the host's log.\n\
               [package.metadata.cofferdam]\nshape = \"pure\"\n",
    kind: "pure typed tool",
};

const PLAIN: Additions = Additions {
    metadata: "",
    kind: "typed tool",
};

const COMMAND: [Template; 7] = [
    ("Cargo.toml", include_str!("project/command/package.toml")),
    ("src/main.rs", include_str!("project/command/main.rs")),
    (
        "capabilities.toml",
        include_str!("project/command/capabilities.toml"),
    ),
    ("USAGE.md", include_str!("project/command/USAGE.md")),
    (
        "cases/cases.json",
        include_str!("project/command/cases.json"),
    ),
    ("README.md", include_str!("project/command/README.md")),
    (".gitignore", include_str!("project/gitignore")),
];

/// The parts of a typed project that tell its shapes apart.
struct Additions {
    metadata: &'static str,
    kind: &'static str,
}

/// A name that is a tool's, a package's and, with `_` for `-`, a function's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectName(String);

/// The kind of tool that a project makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// A function: JSON in, JSON out.
    Typed {
        /// The guest SDK; without it, that of the checkout which this program was built from.
        sdk: Option<PathBuf>,
    },
    /// The same without a system: it can only compute.
    Pure {
        /// The same.
        sdk: Option<PathBuf>,
    },
    /// A program: arguments and standard input in, standard output and an exit code out.
    Command,
    /// Functions in Python.
    Python,
    /// Functions in JavaScript.
    JavaScript,
    /// A program in C.
    C,
}

/// The `Cargo.lock` of a new project, without which its tool cannot be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockFile {
    /// Cargo wrote it.
    Written,
    /// Cargo could not be started, or found no versions.
    Missing,
    /// It is not built by Cargo.
    Unneeded,
}

impl FromStr for ProjectName {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
        if !begins || name.len() > MAX_NAME || !name.chars().all(plain) {
            let shown = name.escape_debug();
            return Err(Error::usage(format!(
                "`{shown}` is not the name of a tool: expected [a-z][a-z0-9-]{{0,62}}"
            )));
        }
        if TAKEN.contains(&name) {
            return Err(Error::usage(format!(
                "`{name}` means something to Rust or Cargo: choose another name"
            )));
        }
        Ok(Self(name.to_owned()))
    }
}

/// Makes a project in a new directory of its name in `parent`, and has Cargo write its lock file.
///
/// # Errors
///
/// [`Error::Usage`] if anything of that name is there already, or there is no SDK. [`Error::Work`]
/// if a file cannot be written.
pub fn create(parent: &Path, name: &ProjectName, shape: Shape) -> Result<LockFile, Error> {
    let ProjectName(name) = name;
    let (templates, sdk, additions): (&[Template], _, _) = match shape {
        Shape::Typed { sdk } => (&TYPED, Some(find_sdk(sdk)?), PLAIN),
        Shape::Pure { sdk } => (&TYPED, Some(find_sdk(sdk)?), PURE),
        Shape::Command => (&COMMAND, None, PLAIN),
        Shape::Python => (&foreign::PYTHON, None, PLAIN),
        Shape::JavaScript => (&foreign::JAVASCRIPT, None, PLAIN),
        Shape::C => (&foreign::C, None, PLAIN),
    };
    let project = parent.join(name);
    let wrong =
        |path: &Path, error: std::io::Error| Error::work(format!("{}: {error}", path.display()));
    // Fails where anything of that name is, and so never writes over it.
    std::fs::create_dir(&project).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Error::usage(format!("{name} is there already: choose another name"))
        }
        _ => wrong(&project, error),
    })?;
    for (file, text) in templates {
        let path = project.join(file);
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory).map_err(|error| wrong(directory, error))?;
        }
        std::fs::write(&path, filled_in(text, name, sdk.as_deref(), &additions))
            .map_err(|error| wrong(&path, error))?;
    }
    if !project.join("Cargo.toml").exists() {
        return Ok(LockFile::Unneeded);
    }
    Ok(lock(&project, sdk.as_deref()))
}

/// The SDK that was named, else that of the checkout which this program was built from.
fn find_sdk(named: Option<PathBuf>) -> Result<PathBuf, Error> {
    let (path, whose) = match named {
        Some(path) => (path, "--sdk"),
        None => (
            PathBuf::from(OWN_SDK),
            "the checkout that this program was built from",
        ),
    };
    let sdk = std::fs::canonicalize(&path).ok().filter(|sdk| is_sdk(sdk));
    sdk.ok_or_else(|| {
        Error::usage(format!(
            "there is no guest SDK in {} ({whose}): --sdk PATH names the `guest-sdk` of a checkout",
            path.display()
        ))
    })
}

fn is_sdk(path: &Path) -> bool {
    let text = std::fs::read_to_string(path.join("Cargo.toml")).unwrap_or_default();
    let manifest: toml::Table = text.parse().unwrap_or_default();
    manifest
        .get("package")
        .and_then(|package| package.get("name")?.as_str())
        == Some("cofferdam-guest")
}

fn filled_in(text: &str, name: &str, sdk: Option<&Path>, additions: &Additions) -> String {
    let Additions { metadata, kind } = additions;
    let snake = name.replace('-', "_");
    let sdk = sdk
        .map(|sdk| toml::Value::from(sdk.to_string_lossy().into_owned()).to_string())
        .unwrap_or_default();
    text.replace("TOOL_METADATA", metadata)
        .replace("TOOL_KIND", kind)
        .replace("TOOL_NAME", name)
        .replace("TOOL_CRATE", &snake)
        .replace("TOOL_FUNCTION", &snake)
        .replace("TOOL_SDK", &sdk)
}

/// Writes the project's `Cargo.lock`, with the versions that the SDK is tested with, because tools
/// are built `--locked`. Without network the versions that are on this machine are enough.
fn lock(project: &Path, sdk: Option<&Path>) -> LockFile {
    let tested = sdk
        .and_then(Path::parent)
        .map(|checkout| checkout.join("Cargo.lock"));
    if let Some(tested) = tested.filter(|tested| tested.is_file()) {
        // Cargo takes out of it what the project does not need.
        let _ = std::fs::copy(tested, project.join("Cargo.lock"));
    }
    let resolve = |flags: &[&str]| {
        let mut cargo = Command::new("cargo");
        cargo
            .args(["metadata", "--quiet", "--format-version", "1"])
            .args(flags);
        cargo.arg("--manifest-path").arg(project.join("Cargo.toml"));
        let silent = cargo
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        silent.status().is_ok_and(|status| status.success())
    };
    if resolve(&["--offline"]) || resolve(&[]) {
        LockFile::Written
    } else {
        LockFile::Missing
    }
}
