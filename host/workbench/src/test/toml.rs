//! A learned manifest in the form that its author finishes.

use std::fmt::Write;

use cofferdam_capability::{Manifest, Reason};
use toml::Value;

use super::unwritten;

/// `capabilities.toml`, with comments on the `cases` and those that fail with it.
pub(crate) fn written(manifest: &Manifest, failing: &[String], cases: usize) -> String {
    let passing = cases.saturating_sub(failing.len());
    let mut out = String::new();
    let mut comment = |text: &str| {
        let _ = writeln!(out, "# {text}");
    };
    comment(&format!(
        "The least with which the cases pass: {passing} of {cases} do."
    ));
    comment(
        "A row whose reason is empty is refused: write why the tool needs it, for who reviews it.",
    );
    comment(
        "Which variables a tool reads cannot be seen: those are here that a case gives and fails \
         without.",
    );
    comment("Secrets cannot be found out: those are here that are declared already and were sent.");
    comment(
        "Nor can calls of other tools, which are not there in a test: those are here that are \
         declared already.",
    );
    for name in failing {
        comment(&format!("Fails all the same: {}", one_line(name)));
    }
    let Manifest {
        schema,
        tool,
        fs,
        http,
        tcp,
        secret,
        env,
        call,
        unused,
        limits,
    } = manifest;
    let mut rows = Rows(out);
    rows.line(&format!("schema = {schema}"));
    rows.head("[tool]");
    for (key, value) in [
        ("name", &tool.name),
        ("version", &tool.version),
        ("summary", &tool.summary),
    ] {
        rows.text(key, value);
    }
    for row in fs {
        rows.head("[[fs]]");
        rows.text("path", row.path.as_str());
        rows.text("access", &row.access.to_string());
        rows.reason(&row.reason);
    }
    for row in http {
        rows.head("[[http]]");
        rows.text("host", &row.host.to_string());
        if !row.methods.is_empty() {
            rows.list(
                "methods",
                row.methods
                    .iter()
                    .map(|method| Value::String(method.to_string())),
            );
        }
        if !row.ports.is_empty() {
            rows.list(
                "ports",
                row.ports
                    .iter()
                    .map(|port| Value::Integer(u16::from(*port).into())),
            );
        }
        rows.reason(&row.reason);
    }
    for row in tcp {
        rows.head("[[tcp]]");
        rows.text("host", &row.host.to_string());
        rows.list(
            "ports",
            row.ports.iter().map(|port| Value::Integer(port.into())),
        );
        rows.reason(&row.reason);
    }
    for row in secret {
        rows.head("[[secret]]");
        rows.text("name", row.name.as_str());
        let quoted = |text: String| Value::String(text).to_string();
        let header = String::from(row.inject.header.clone());
        let format = String::from(row.inject.format.clone());
        rows.line(&format!(
            "inject = {{ header = {}, format = {} }}",
            quoted(header),
            quoted(format)
        ));
        rows.text("host", &row.host.to_string());
        rows.reason(&row.reason);
    }
    for row in env {
        rows.head("[[env]]");
        rows.text("name", &row.name);
        rows.reason(&row.reason);
    }
    for row in call {
        rows.head("[[call]]");
        rows.text("name", &row.name);
        rows.reason(&row.reason);
    }
    for row in unused {
        rows.head("[[unused]]");
        rows.text("interface", &row.interface);
        rows.reason(&row.reason);
    }
    let asked = limits.rows();
    if !asked.is_empty() {
        rows.head("[limits]");
    }
    for row in asked {
        rows.text(row.name, &row.value);
    }
    rows.0
}

/// TOML, line by line.
struct Rows(String);

impl Rows {
    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    fn head(&mut self, head: &str) {
        self.line("");
        self.line(head);
    }

    fn text(&mut self, key: &str, text: &str) {
        self.line(&format!("{key} = {}", Value::String(text.to_owned())));
    }

    fn list(&mut self, key: &str, values: impl Iterator<Item = Value>) {
        self.line(&format!("{key} = {}", Value::Array(values.collect())));
    }

    fn reason(&mut self, reason: &Reason) {
        self.text(
            "reason",
            if unwritten::is(reason) {
                ""
            } else {
                reason.as_str()
            },
        );
    }
}

fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
