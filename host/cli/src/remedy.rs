//! Lines and flags by which an operator gives a tool what was withheld from it.
//!
//! Words in capitals stand for what only the operator knows.

use std::collections::BTreeMap;

use cofferdam_capability::{Access, Grant, GuestPath, LowerLimit, Withheld};

use crate::config::Config;

/// One thing that an operator can give.
enum Remedy<'a> {
    Directory {
        guest: &'a GuestPath,
        access: Access,
    },
    Variable(&'a str),
    Limit(&'a LowerLimit),
    Http(String),
    Tcp(String),
    Secret(String),
}

/// The flags of `tool run` and `mcp` that give what the manifest asks for and the tool does not
/// get, limits as far as the ceiling goes; nothing where it gets all of it.
pub(crate) fn flags(grant: &Grant) -> Option<String> {
    let flag = |remedy: Remedy<'_>| match remedy {
        Remedy::Directory { guest, access } => format!("--dir {}", quoted(&offer(guest, access))),
        Remedy::Variable(name) => format!("--env {}", quoted(&format!("{name}=VALUE"))),
        Remedy::Limit(limit) => match limit.name {
            "fuel" | "memory" | "wall" => format!("--{} {}", limit.name, quoted(attainable(limit))),
            name => format!(
                "--limit {}",
                quoted(&format!("{name}={}", attainable(limit)))
            ),
        },
        Remedy::Http(host) => format!("--http {}", quoted(&host)),
        Remedy::Tcp(place) => format!("--tcp {}", quoted(&place)),
        Remedy::Secret(name) => format!("--secret {}", quoted(&format!("{name}=FILE"))),
    };
    let flags: Vec<_> = remedies(grant).map(flag).collect();
    (!flags.is_empty()).then(|| flags.join(" "))
}

/// The lines of `cofferdam.toml` for the same.
pub(crate) fn grant_lines(config: &Config, agent: &str, grant: &Grant) -> Option<String> {
    let mut values: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    let mut workspace = None;
    for remedy in remedies(grant) {
        let (key, value) = match remedy {
            // The host itself offers it, unless the operator has narrowed it.
            Remedy::Directory { guest, access }
                if GuestPath::working_directory().contains(guest) =>
            {
                workspace = workspace.max(Some(access));
                continue;
            }
            Remedy::Directory { guest, access } => ("dirs", text(&offer(guest, access))),
            Remedy::Variable(name) => ("env", format!("{} = \"VALUE\"", text(name))),
            Remedy::Limit(limit) => (
                "limits",
                format!("{} = {}", limit.name, text(attainable(limit))),
            ),
            Remedy::Http(host) => ("http", text(&host)),
            Remedy::Tcp(place) => ("tcp", text(&place)),
            Remedy::Secret(name) => ("secrets", text(&name)),
        };
        values.entry(key).or_default().push(value);
    }
    let tool = grant.tool();
    let place = config.grants.place(agent, tool);
    let beside = |key: &'static str| {
        if config.grants.has(agent, tool, key) {
            "  # with what is there"
        } else {
            ""
        }
    };
    let row = |(key, values): (&'static str, Vec<String>)| {
        let values = match key {
            "env" | "limits" => format!("{{ {} }}", values.join(", ")),
            _ => format!("[{}]", values.join(", ")),
        };
        format!("\n  {key} = {values}{}", beside(key))
    };
    let instead = if config.grants.has(agent, tool, "workspace") {
        "  # in place of what is there"
    } else {
        ""
    };
    let workspace =
        workspace.map(|access| format!("\n  workspace = {}{instead}", text(word(access))));
    let lines: String = workspace
        .into_iter()
        .chain(values.into_iter().map(row))
        .collect();
    if lines.is_empty() {
        return None;
    }
    Some(match place {
        Some(place) => format!("to give it more, write into its [[grant]] at {place}{lines}"),
        None => format!(
            "to give it more, write into cofferdam.toml\n  [[grant]]\n  agent = {}\n  tool = \
                {}{lines}",
            text(agent),
            text(tool)
        ),
    })
}

/// The remedies that the operator can give by a decision about this tool. They do not include what
/// lies above a ceiling or is not declared.
fn remedies(grant: &Grant) -> impl Iterator<Item = Remedy<'_>> {
    grant.withheld().iter().flat_map(|withheld| match withheld {
        Withheld::NotOffered(guest, access) => vec![Remedy::Directory {
            guest,
            access: *access,
        }],
        Withheld::NoVariable(name) => vec![Remedy::Variable(name)],
        Withheld::Limit(limit) => vec![Remedy::Limit(limit)],
        Withheld::NoHost(host) if host.is_any() => vec![Remedy::Http("HOST".to_owned())],
        Withheld::NoHost(host) => vec![Remedy::Http(host.to_string())],
        Withheld::NoTcp(host, ports) => ports
            .iter()
            .map(|port| Remedy::Tcp(format!("{host}:{port}")))
            .collect(),
        Withheld::NoSecret(name) => vec![Remedy::Secret(name.to_string())],
        // The operator has decided so.
        Withheld::ReadOnly(_)
        | Withheld::NotDeclared(_)
        | Withheld::HostAboveCeiling(_)
        | Withheld::VariableNotDeclared(_)
        | Withheld::HostNotDeclared(_)
        | Withheld::TcpAboveCeiling(_)
        | Withheld::TcpNotDeclared(_)
        | Withheld::SecretNotDeclared(_)
        | Withheld::SecretWithoutHost(..) => Vec::new(),
    })
}

/// The most that an operator can give of a limit: what is asked for, or the ceiling below it.
fn attainable(limit: &LowerLimit) -> &str {
    limit.ceiling.as_deref().unwrap_or(&limit.asked)
}

fn offer(guest: &GuestPath, access: Access) -> String {
    format!("DIRECTORY:{guest}:{}", word(access))
}

fn word(access: Access) -> &'static str {
    match access {
        Access::ReadOnly => "ro",
        Access::ReadWrite => "rw",
    }
}

/// A value for a shell.
fn quoted(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@,+".contains(c);
    if value.chars().all(plain) {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\'', r"'\''"))
    }
}

/// A text in TOML.
fn text(value: &str) -> String {
    toml::Value::String(value.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_one_word() {
        for (value, expected) in [
            ("api.test:443", "api.test:443"),
            ("*.test", "'*.test'"),
            ("a b", "'a b'"),
            ("a'b", r"'a'\''b'"),
        ] {
            assert_eq!(quoted(value), expected);
        }
    }
}
