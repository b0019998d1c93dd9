//! One case: run, and checked against its expectations.

use std::collections::BTreeMap;
use std::io::Read;

use cap_std::fs::Dir;
use cofferdam_call::{Outcome, Report};
use cofferdam_capability::{Access, ForeignText};
use serde::Serialize;

use super::case::{Case, Expect, Given};
use super::expected::Expected;
use super::hostile::Hostile;
use super::outgoing;
use super::subject::{Ran, Subject};
use super::web::Asked;
use crate::error::Error;

/// The largest file that is compared, in bytes: the default limit of a call's writes.
const MAX_FILE: u64 = 64 << 20;

/// The most of standard error that is reported with an unexpected outcome, in bytes.
const MAX_TOLD: usize = 1_000;

/// The most of an expected outcome's message that is reported, in characters: a line or two.
const MAX_SAID: usize = 160;

/// The result of one call.
#[derive(Debug, Serialize)]
pub struct Checked {
    /// The name of the case, or `hostile: ` and that of the standard input.
    pub name: String,
    /// True for a standard hostile input.
    pub hostile: bool,
    /// True if it ended as expected.
    pub passed: bool,
    /// The differences from what was expected, each over one or several lines.
    pub problems: Vec<String>,
    /// As in receipts: a name, and what belongs to it.
    pub outcome: Outcome,
    /// The fuel it used.
    pub fuel: u64,
    /// The most memory it held at once, in bytes.
    pub peak_memory: u64,
    /// Wall-clock time, in microseconds.
    pub wall_us: u64,
    /// Refusals of the sandbox, a sentence each.
    pub refusals: Vec<String>,
    /// Calls of other tools, answered or not.
    pub calls: u64,
    /// The directories it touched.
    pub directories: BTreeMap<String, Access>,
    #[serde(skip)]
    pub(crate) asked: Vec<Asked>,
    /// The values of its secrets, by name.
    #[serde(skip)]
    pub(crate) secrets: Vec<(String, String)>,
    /// Variables and secrets that the case gives and the manifest does not declare.
    #[serde(skip)]
    pub(crate) undeclared: Vec<String>,
}

/// Runs a case of the author's.
pub(crate) async fn golden(
    subject: &Subject<'_>,
    case: &Case,
    given: &Given,
) -> Result<Checked, Error> {
    let ran = subject
        .call(given, case.tool.as_deref(), case.input.clone())
        .await?;
    let problems = compare(&ran, &case.expect);
    checked(case.name.clone(), false, ran, problems)
}

/// Runs a standard input under `name`, and checks its result against the author's case for it, if
/// there is one.
pub(crate) async fn hostile(
    subject: &Subject<'_>,
    name: String,
    hostile: Hostile<'_>,
    case: Option<&Case>,
) -> Result<Checked, Error> {
    let given = case.map(|case| case.given.clone()).unwrap_or_default();
    let Hostile { tool, input, .. } = hostile;
    let ran = subject.call(&given, Some(&tool.name), input).await?;
    let problems = case.map_or_else(
        || own_end(&ran.report, tool.command),
        |case| compare(&ran, &case.expect),
    );
    checked(name, true, ran, problems)
}

fn checked(name: String, hostile: bool, ran: Ran, problems: Vec<String>) -> Result<Checked, Error> {
    let Ran {
        report,
        asked,
        secrets,
        undeclared,
        workspace: _,
        ..
    } = ran;
    let receipt = report.receipt;
    Ok(Checked {
        name,
        hostile,
        passed: problems.is_empty(),
        problems,
        outcome: receipt.outcome.clone(),
        fuel: receipt.fuel,
        peak_memory: receipt.peak_memory,
        wall_us: receipt.wall_us,
        refusals: receipt.refusals,
        calls: receipt.calls,
        directories: receipt.directories,
        asked,
        secrets,
        undeclared,
    })
}

impl Checked {
    /// Returns true if the tool ran to an end of its own, so that it needs as much as it used.
    pub fn ended_itself(&self) -> bool {
        matches!(self.outcome, Outcome::Ok | Outcome::GuestError { .. }) && self.fuel > 0
    }

    /// The outcome's own message on one line, if it has one; a command has written its own to
    /// standard error.
    pub fn said(&self) -> Option<String> {
        let said = match &self.outcome {
            Outcome::GuestError { message, .. }
            | Outcome::Trap { message }
            | Outcome::HostFault { message } => message,
            Outcome::Denied { reason }
            | Outcome::ApprovalPending { reason, .. }
            | Outcome::SecretUnavailable { reason, .. } => reason,
            _ => return None,
        };
        let line: String = said.chars().take(MAX_SAID).collect();
        let line = ForeignText::line(&line).to_string();
        let rest = if said.chars().nth(MAX_SAID).is_some() {
            "…"
        } else {
            ""
        };
        (!line.is_empty()).then(|| format!("{}: {line}{rest}", self.outcome.name()))
    }

    /// Fails a case that gives something in vain: it would pass for another reason than its author
    /// thinks.
    pub(crate) fn refuse_undeclared(&mut self) {
        self.problems.append(&mut self.undeclared);
        self.passed = self.problems.is_empty();
    }
}

/// No problem when the tool worked or reported an error. Input that the schema refuses never
/// reaches a typed tool.
fn own_end(report: &Report, command: bool) -> Vec<String> {
    let outcome = &report.receipt.outcome;
    let fuel = report.receipt.fuel;
    match outcome {
        Outcome::Ok | Outcome::GuestError { .. } => Vec::new(),
        Outcome::Denied { .. } if !command && fuel == 0 => Vec::new(),
        _ => vec![format!(
            "expected an outcome of its own, ok or guest-error; it is {outcome}{}",
            told(report.stderr.bytes())
        )],
    }
}

fn compare(ran: &Ran, expect: &Expect) -> Vec<String> {
    let report = &ran.report;
    let mut problems = Vec::new();
    let outcome = &report.receipt.outcome;
    let other_code = match (expect.exit, outcome) {
        (Some(expected), Outcome::GuestError { code, .. }) => *code != i32::from(expected),
        _ => false,
    };
    if outcome.name() != expect.outcome || other_code {
        let stderr = if expect.stderr.is_none() {
            told(report.stderr.bytes())
        } else {
            String::new()
        };
        let code = expect
            .exit
            .map(|code| format!(": exit code {code}"))
            .unwrap_or_default();
        problems.push(format!(
            "outcome: expected {}{code}, it is {outcome}{stderr}",
            expect.outcome
        ));
    }
    for (name, expected, output) in [
        ("stdout", &expect.stdout, &report.stdout),
        ("stderr", &expect.stderr, &report.stderr),
    ] {
        if let Some(difference) = expected
            .as_ref()
            .and_then(|expected| expected.differs(output.bytes()))
        {
            let marker = output
                .marker()
                .map(|marker| format!("\n{marker}"))
                .unwrap_or_default();
            problems.push(format!("{name}: {difference}{marker}"));
        }
    }
    let files = expect.files.iter();
    problems
        .extend(files.filter_map(|(name, expected)| file(&ran.workspace, name, expected.as_ref())));
    if let Some(requests) = &expect.requests {
        problems.extend(outgoing::differences(requests, &ran.asked, &ran.secrets));
    }
    problems
}

/// The difference of a file, if there is one.
fn file(workspace: &Dir, name: &str, expected: Option<&Expected>) -> Option<String> {
    let metadata = workspace.symlink_metadata(name);
    let Some(expected) = expected else {
        return metadata
            .is_ok()
            .then(|| format!("file {name}: it is there"));
    };
    match metadata.and_then(|_| read(workspace, name)) {
        Ok(found) => expected
            .differs(&found)
            .map(|difference| format!("file {name}: {difference}")),
        Err(error) => Some(format!("file {name}: {error}")),
    }
}

/// A file below the workspace, wherever links lead that the tool has made.
fn read(workspace: &Dir, name: &str) -> std::io::Result<Vec<u8>> {
    let file = workspace.open(name)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(std::io::Error::other("it is not a file"));
    }
    if metadata.len() > MAX_FILE {
        return Err(std::io::Error::other(format!(
            "it has {} bytes: at most {MAX_FILE} are compared",
            metadata.len()
        )));
    }
    let mut bytes = Vec::new();
    file.take(MAX_FILE).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The beginning of the tool's standard error.
fn told(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let text = text.trim_end();
    let text = text
        .get(..text.floor_char_boundary(MAX_TOLD))
        .unwrap_or_default();
    if text.is_empty() {
        String::new()
    } else {
        format!("\nstderr: {}", ForeignText::block(text))
    }
}
