//! One case: run, and held against what it expects.

use std::collections::BTreeMap;
use std::io::Read;

use cap_std::fs::Dir;
use cofferdam_call::{Outcome, Report};
use cofferdam_capability::{Access, ForeignText};
use serde::Serialize;

use super::case::{Case, Expect, Given};
use super::expected::Expected;
use super::hostile::Hostile;
use super::place::{Offered, Ran, Subject};
use super::web::Asked;
use crate::error::Failure;

/// The largest file that is compared, in bytes: what a call may write unless its limits say more.
const MAX_FILE: u64 = 64 << 20;

/// How much of standard error is told with an outcome that was not expected, in bytes.
const MAX_TOLD: usize = 1_000;

/// How much is told of what belongs to an outcome that is as it should be, in characters: a line or two.
const MAX_SAID: usize = 160;

/// What came of one call.
#[derive(Debug, Serialize)]
pub(super) struct Checked {
    pub(super) name: String,
    /// Whether its input is a standard hostile one.
    pub(super) hostile: bool,
    pub(super) passed: bool,
    /// How it differs from what was expected.
    pub(super) problems: Vec<String>,
    /// As in receipts: a name, and what belongs to it.
    pub(super) outcome: Outcome,
    pub(super) fuel: u64,
    pub(super) peak_memory: u64,
    pub(super) wall_us: u64,
    pub(super) refusals: Vec<String>,
    /// Calls of other tools, answered or not.
    pub(super) calls: u64,
    /// What it touched.
    pub(super) directories: BTreeMap<String, Access>,
    #[serde(skip)]
    pub(super) asked: Vec<Asked>,
    /// The values of its secrets, by name.
    #[serde(skip)]
    pub(super) secrets: Vec<(String, String)>,
    /// What the case gives and the manifest does not declare.
    #[serde(skip)]
    pub(super) undeclared: Vec<String>,
}

/// Runs a case of the author's.
pub(super) async fn golden(subject: &Subject<'_>, case: &Case, given: &Given) -> Result<Checked, Failure> {
    let ran = subject.call(given, case.tool.as_deref(), case.input.clone()).await?;
    let problems = compare(&ran, &case.expect);
    checked(case.name.clone(), false, ran, problems)
}

/// Runs a standard input, and holds what comes of it against the author's case for it, if there is one.
pub(super) async fn hostile(
    subject: &Subject<'_>,
    (tool, several): (&Offered, bool),
    hostile: Hostile,
    case: Option<&Case>,
) -> Result<Checked, Failure> {
    let given = case.map(|case| case.given.clone()).unwrap_or_default();
    let ran = subject.call(&given, Some(&tool.name), hostile.input).await?;
    let problems = case.map_or_else(|| own_end(&ran.report, tool.command), |case| compare(&ran, &case.expect));
    let name = if several {
        format!("hostile: {} of {}", hostile.name, tool.name)
    } else {
        format!("hostile: {}", hostile.name)
    };
    checked(name, true, ran, problems)
}

fn checked(name: String, hostile: bool, ran: Ran, problems: Vec<String>) -> Result<Checked, Failure> {
    let Ran { report, asked, secrets, undeclared, workspace: _, .. } = ran;
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
    /// Whether the tool ran to an end of its own, so that what it used is what it needs.
    pub(super) fn ended_itself(&self) -> bool {
        matches!(self.outcome, Outcome::Ok | Outcome::GuestError { .. }) && self.fuel > 0
    }

    /// What belongs to the outcome, in words and on one line; a command has said itself what it failed at.
    pub(super) fn said(&self) -> Option<String> {
        let said = match &self.outcome {
            Outcome::GuestError { message, .. } | Outcome::Trap { message } | Outcome::HostFault { message } => message,
            Outcome::Denied { reason } => reason,
            _ => return None,
        };
        let line: String = said.chars().take(MAX_SAID).collect();
        let line = ForeignText::line(&line).to_string();
        let rest = if said.chars().nth(MAX_SAID).is_some() { "…" } else { "" };
        (!line.is_empty()).then(|| format!("{}: {line}{rest}", self.outcome.name()))
    }

    /// What a case gives in vain makes it fail: it would pass for another reason than its author thinks.
    pub(super) fn refuse_undeclared(&mut self) {
        self.problems.append(&mut self.undeclared);
        self.passed = self.problems.is_empty();
    }
}

/// Nothing when the tool worked or said what is wrong. What the schema refuses never reaches a typed tool.
fn own_end(report: &Report, command: bool) -> Vec<String> {
    let (outcome, fuel) = (&report.receipt.outcome, report.receipt.fuel);
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
    if outcome.name() != expect.outcome {
        let stderr = if expect.stderr.is_none() { told(report.stderr.bytes()) } else { String::new() };
        problems.push(format!("outcome: expected {}, it is {outcome}{stderr}", expect.outcome));
    }
    for (name, expected, output) in
        [("stdout", &expect.stdout, &report.stdout), ("stderr", &expect.stderr, &report.stderr)]
    {
        if let Some(difference) = expected.as_ref().and_then(|expected| expected.differs(output.bytes())) {
            let marker = output.marker().map(|marker| format!("\n{marker}")).unwrap_or_default();
            problems.push(format!("{name}: {difference}{marker}"));
        }
    }
    let files = expect.files.iter();
    problems.extend(files.filter_map(|(name, expected)| file(&ran.workspace, name, expected.as_ref())));
    problems
}

/// How a file differs.
fn file(workspace: &Dir, name: &str, expected: Option<&Expected>) -> Option<String> {
    let metadata = workspace.symlink_metadata(name);
    let Some(expected) = expected else {
        return metadata.is_ok().then(|| format!("file {name}: it is there"));
    };
    match metadata.and_then(|_| read(workspace, name)) {
        Ok(found) => expected.differs(&found).map(|difference| format!("file {name}: {difference}")),
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
        return Err(std::io::Error::other(format!("it has {} bytes: at most {MAX_FILE} are compared", metadata.len())));
    }
    let mut bytes = Vec::new();
    file.take(MAX_FILE).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What the tool said itself, as far as it helps.
fn told(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let text = text.trim_end();
    let text = text.get(..text.floor_char_boundary(MAX_TOLD)).unwrap_or_default();
    if text.is_empty() { String::new() } else { format!("\nstderr: {}", ForeignText::block(text)) }
}
