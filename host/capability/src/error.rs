//! Reasons why a manifest or a grant was refused.

use crate::access::Access;
use crate::guest_path::GuestPath;

/// A manifest that cannot be trusted to say what its author meant. Nothing of it holds.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct ManifestError {
    /// File, line and column, or the component that carries the manifest.
    place: String,
    problem: String,
}

impl ManifestError {
    pub(crate) fn at(place: &str, problem: String) -> Self {
        Self {
            place: place.to_owned(),
            problem,
        }
    }

    pub(crate) fn from_toml(error: &toml::de::Error, text: &str, file: &str) -> Self {
        let place = match error.span() {
            Some(span) => {
                let before = text.get(..span.start).unwrap_or(text);
                let line = before.matches('\n').count() + 1;
                let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
                format!("{file}:{line}:{column}")
            }
            None => file.to_owned(),
        };
        Self {
            place,
            problem: toml_problem(error, text),
        }
    }

    pub(crate) fn from_json(error: &serde_json::Error, origin: &str) -> Self {
        Self {
            place: format!("manifest of {origin}"),
            problem: explained(&error.to_string()),
        }
    }
}

/// The sentence about a mistake in a file of TOML, with what would be right.
pub fn toml_problem(error: &toml::de::Error, text: &str) -> String {
    let problem = explained(error.message());
    if !problem.contains("invalid type: map, expected a sequence") {
        return problem;
    }
    // A table where rows are expected: the mistake is in its head.
    let head = error.span().and_then(|span| text.get(span.start..));
    let name = head.and_then(|head| head.strip_prefix('[')?.split_once(']'));
    match name {
        Some((name, _)) => format!("`[{name}]` is one table: write `[[{name}]]` for each row"),
        None => problem.replace("invalid type: map", "a table stands here"),
    }
}

/// Adds what would be right where the parser only says what is wrong.
fn explained(message: &str) -> String {
    let message = message.trim_end();
    if message.contains("missing field `reason`") {
        return "missing key `reason`: every row says why the tool needs it".to_owned();
    }
    message
        .replace("unknown field", "unknown key")
        .replace("missing field", "missing key")
        .replace('\n', " ")
}

/// A grant that cannot be made as asked. The call does not happen.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// The operator asked for more than the host allows.
    #[error("limit `{limit}` = {asked} is above this host's ceiling of {ceiling}")]
    AboveCeiling {
        /// The key in `[limits]`.
        limit: &'static str,
        /// The value that was asked for.
        asked: String,
        /// The value that the host allows.
        ceiling: String,
    },
    /// One granted directory lies in another with a different access: through the outer one, the
    /// inner one's restriction would not hold.
    #[error(
        "{inner} ({inner_access}) lies in {outer} ({outer_access}): grant both with the same \
         access, or only one of them"
    )]
    Overlap {
        /// The directory that lies in the other.
        inner: GuestPath,
        /// Its access.
        inner_access: Access,
        /// The directory that holds the other.
        outer: GuestPath,
        /// Its access.
        outer_access: Access,
    },
    /// One granted directory of the host lies in another with a different access, whatever guests
    /// call them: what is read-only under one name could be written under the other.
    #[error(
        "{inner} ({inner_access}) is, on the host, {outer} ({outer_access}) or a directory in it: \
         grant both with the same access, or only one of them"
    )]
    HostOverlap {
        /// The directory that lies in the other.
        inner: GuestPath,
        /// Its access.
        inner_access: Access,
        /// The directory that holds the other.
        outer: GuestPath,
        /// Its access.
        outer_access: Access,
    },
    /// A directory was offered where every call gets an empty one of its own.
    #[error(
        "{0} cannot be offered: /tmp is a directory that every call gets empty and loses at its \
         end; offer it under another guest path"
    )]
    OfferedScratch(GuestPath),
    /// Two directories were offered under one name: the guest could see only one of them.
    #[error("{0} is offered twice: offer one directory under each guest path")]
    OfferedTwice(GuestPath),
    /// A directory was offered that holds the host's own data, or lies in it.
    #[error(
        "{host}, offered as {guest}, holds the data directory of this host or lies in it, and with \
         it keys, tokens and the components of agents: offer a directory beside it, or move the \
         data directory with --data-dir"
    )]
    HostData {
        /// The directory, as the operator named it.
        host: String,
        /// The path under which the guest would know it.
        guest: GuestPath,
    },
    /// A directory was offered in which the kernel shows processes, devices or settings.
    #[error(
        "{host}, offered as {guest}, leads to {found}, by which the kernel shows processes with \
         their memory, devices or settings: offer a directory of files, in which nothing of this \
         kind is mounted"
    )]
    KernelFiles {
        /// The directory, as the operator named it.
        host: String,
        /// The path under which the guest would know it.
        guest: GuestPath,
        /// The place where such a file system is.
        found: String,
    },
    /// A directory was to be granted read-write in which a tool could replace what decides what
    /// runs next.
    #[error(
        "{host}, offered read-write as {guest}, leads to {role}, {path}: a tool that can replace \
         it chooses what runs next; offer the directory read-only (`:ro`), or one beside it"
    )]
    Guarded {
        /// The directory of the host.
        host: String,
        /// The path under which the guest would know it.
        guest: GuestPath,
        /// The operator's name for the file, such as `the configuration`.
        role: &'static str,
        /// The file, as the operator named it.
        path: String,
    },
    /// A directory was to be granted in which a tool could read what is for the host alone.
    #[error(
        "{host}, offered as {guest}, leads to {role}, {path}: redaction cannot take back what a \
         tool can read; offer a directory beside it"
    )]
    Hidden {
        /// The directory of the host.
        host: String,
        /// The path under which the guest would know it.
        guest: GuestPath,
        /// The operator's name for the file, such as `a secret`.
        role: &'static str,
        /// The file, as the operator named it.
        path: String,
    },
    /// A directory that was to be granted cannot be opened.
    #[error("cannot open {path} for the tool: {source}")]
    Open {
        /// The directory, as its offer names it.
        path: String,
        /// The system's error.
        source: std::io::Error,
    },
    /// A digest could not be computed.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}

#[cfg(test)]
mod tests {
    use crate::Manifest;

    #[test]
    fn one_table_in_place_of_rows_is_told_with_what_would_be_right() {
        for text in ["[fs]\npath = \"/workspace\"\n", "fs = { path = \"/\" }\n"] {
            let refused = Manifest::from_toml(text, "m").expect_err("a table");
            let refused = refused.to_string();
            assert!(!refused.contains("invalid type: map"), "{refused}");
        }
        let refused = Manifest::from_toml("\n[fs]\npath = \"/\"\n", "m").expect_err("a table");
        let expected = "m:2:1: `[fs]` is one table: write `[[fs]]` for each row";
        assert_eq!(refused.to_string(), expected);
    }
}
