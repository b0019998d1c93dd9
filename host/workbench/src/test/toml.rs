//! A learned manifest in the form that its author finishes.

use std::fmt::Write;

use cofferdam_capability::Manifest;

use super::unwritten;
use crate::error::Error;

/// The head of the table of limits, which is left out where it is empty.
const LIMITS: &str = "\n[limits]\n";

/// `capabilities.toml`, with comments on the `cases` and those that fail with it.
pub(crate) fn written(
    manifest: &Manifest,
    failing: &[String],
    cases: usize,
) -> Result<String, Error> {
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
    let rows = toml::to_string_pretty(manifest).map_err(Error::work)?;
    let rows = rows.strip_suffix(LIMITS).unwrap_or(&rows);
    let unwritten = format!("reason = \"{}\"", unwritten::UNWRITTEN);
    for line in rows.lines() {
        out.push_str(if line == unwritten {
            "reason = \"\""
        } else {
            line
        });
        out.push('\n');
    }
    Ok(out)
}

fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
