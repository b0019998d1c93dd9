//! `cofferdam audit ls`: calls that were recorded.

use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

use clap::{Args, ValueEnum};
use cofferdam_call::{ApprovalAnswer, Record, Usage};
use cofferdam_capability::ForeignText;
use cofferdam_store::{AuditLine, AuditReader, Body, Entry};

use super::directory;
use super::filter::Filter;
use super::metering;
use crate::console::{self, Format};
use crate::error::Failure;
use crate::host::AUDIT;

/// Interval at which new lines are looked for with `--follow`: soon enough for a person.
const LOOK: Duration = Duration::from_millis(250);

/// The most calls that `-n` asks for: they are held, a KiB each.
const MOST: i64 = 100_000;

#[derive(Debug, Args)]
pub(crate) struct Ls {
    #[command(flatten)]
    filter: Filter,

    /// The last N of them alone
    #[arg(short, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=MOST))]
    n: Option<u32>,

    /// Go on with new ones as they come, until Ctrl-C
    #[arg(short, long)]
    follow: bool,

    /// Their form: lines of the trail, or metering events of orloj, a JSON object each
    #[arg(long = "as", value_enum, default_value_t, value_name = "FORM")]
    form: Form,

    /// Format of the output: text, or a JSON object on each line
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// The form in which a call is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    /// As it is in the trail.
    #[default]
    Records,
    /// As an event for billing.
    Metering,
}

pub(super) async fn run(ls: Ls, data: &Path) -> Result<(), Failure> {
    let Some(dir) = directory::open(&data.join(AUDIT))? else {
        console::note("no call was recorded here yet");
        return Ok(());
    };
    let mut reader = AuditReader::new(dir);
    let most = ls.n.map(|n| usize::try_from(n).unwrap_or(usize::MAX));
    let mut last = VecDeque::new();
    while let Some(entry) = next(&mut reader)? {
        let Some(most) = most else {
            ls.show(&entry)?;
            if console::is_unread() {
                return Ok(());
            }
            continue;
        };
        if ls.record(&entry).is_some() || ls.is_answer(&entry) {
            last.push_back(entry);
            if last.len() > most {
                last.pop_front();
            }
        }
    }
    for entry in &last {
        ls.show(entry)?;
    }
    while ls.follow && !console::is_unread() {
        console::finish()?;
        tokio::time::sleep(LOOK).await;
        while let Some(entry) = next(&mut reader)? {
            ls.show(&entry)?;
        }
    }
    Ok(())
}

/// The next line that can be read.
fn next(reader: &mut AuditReader) -> Result<Option<Entry>, Failure> {
    loop {
        let line = reader
            .read()
            .map_err(|error| Failure::work(format!("cannot read the audit trail: {error}")))?;
        match line {
            None => return Ok(None),
            Some(AuditLine::Entry(entry)) => return Ok(Some(*entry)),
            Some(AuditLine::Unreadable { file, line }) => console::complain(&format!(
                "{file}, line {line} is no line of a trail: see `cofferdam audit verify`"
            )),
        }
    }
}

impl Ls {
    /// True for an answer that is shown.
    fn is_answer(&self, entry: &Entry) -> bool {
        let Body::Answer(answer) = &entry.body else {
            return false;
        };
        self.form == Form::Records && self.filter.takes_answer(entry, answer)
    }

    /// The call of a line, if it is one that is shown.
    fn record<'a>(&self, entry: &'a Entry) -> Option<&'a Record> {
        match &entry.body {
            Body::Call(record) if self.filter.takes(entry, record) => Some(record),
            _ => None,
        }
    }

    fn show(&self, entry: &Entry) -> Result<(), Failure> {
        if let Body::Answer(answer) = &entry.body
            && self.is_answer(entry)
        {
            return match self.format {
                Format::Json => console::json(entry),
                Format::Table => {
                    console::line(answer_text(entry, answer));
                    Ok(())
                }
            };
        }
        let Some(record) = self.record(entry) else {
            return Ok(());
        };
        match (self.form, self.format) {
            (Form::Metering, _) => console::json(&metering::event(entry, record)),
            (Form::Records, Format::Json) => console::json(entry),
            (Form::Records, Format::Table) => {
                console::line(text(entry, record));
                Ok(())
            }
        }
    }
}

/// The line of a person's answer for people.
fn answer_text(entry: &Entry, answer: &ApprovalAnswer) -> String {
    let ApprovalAnswer {
        by,
        approval,
        approved,
        session_wide,
        caller,
        agent_id: _,
        session,
        tool,
        reason,
        ..
    } = answer;
    let verdict = match (approved, session_wide) {
        (false, _) => "denied",
        (true, false) => "approved",
        (true, true) => "approved for the session",
    };
    let mut text = format!(
        "{} {:>7} answer  {verdict} {tool} by {by} approval={approval} for {caller}",
        entry.time, entry.seq
    );
    if let Some(session) = session {
        text += &format!(" session={session}");
    }
    if let Some(reason) = reason {
        text += &format!(" reason={}", ForeignText::line(reason));
    }
    text
}

/// The line of a call for people.
fn text(entry: &Entry, record: &Record) -> String {
    let Record {
        principal,
        agent,
        session,
        caller,
        tool,
        decision,
        outcome,
        usage,
        ..
    } = record;
    let mut text = format!(
        "{} {:>7} {:7} {outcome:12} {tool} by {}",
        entry.time,
        entry.seq,
        decision.verdict.as_str(),
        principal.shown()
    );
    let named = [("agent", agent), ("session", session), ("caller", caller)];
    for (name, value) in named {
        if let Some(value) = value {
            text += &format!(" {name}={value}");
        }
    }
    let policies = decision.policies.join(",");
    let Usage { wall_us, fuel, .. } = usage;
    text + &format!(" policies={policies} wall_us={wall_us} fuel={fuel}")
}
