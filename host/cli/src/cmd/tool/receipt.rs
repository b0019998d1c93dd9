//! The receipt of a call, as `tool run --receipt` prints it: the words and units of `stats`.

use cofferdam_call::{Changed, GuestVerdict, GuestVerdictKind, Receipt};
use cofferdam_capability::Count;

use crate::cmd::stats;
use crate::console;

/// The lines of a receipt. What the call did not do has none.
pub(super) fn lines(receipt: &Receipt) -> Vec<String> {
    let Receipt {
        tool,
        component,
        manifest,
        grant,
        caller_grant,
        outcome,
        attempts,
        verdict,
        unfit_input,
        fuel,
        peak_memory,
        host_memory,
        wall_us,
        queued_us,
        cpu_us,
        bytes_in,
        stdout_bytes,
        stderr_bytes,
        files_opened,
        directories,
        bytes_written,
        entries_created,
        removed,
        renamed,
        truncated,
        unlisted,
        calls,
        hosts,
        refusals,
        trace_id,
    } = receipt;
    let mut rows = Rows::default();
    rows.add("tool", tool);
    rows.add("outcome", outcome);
    rows.add_some("attempts", Some(attempts).filter(|attempts| **attempts > 1));
    rows.add_some("verdict", verdict.as_ref().map(said));
    rows.add_some("input", unfit_input.then_some("does not fit the tool"));
    rows.add("fuel", Count(*fuel));
    rows.add("peak memory", console::size(*peak_memory));
    rows.add("host memory", console::size(*host_memory));
    rows.add("time", milliseconds(*wall_us));
    rows.add("waited", milliseconds(*queued_us));
    rows.add("cpu", milliseconds(*cpu_us));
    for (name, bytes) in [
        ("bytes in", bytes_in),
        ("stdout", stdout_bytes),
        ("stderr", stderr_bytes),
        ("written", bytes_written),
    ] {
        rows.add_some(name, some(*bytes).map(console::size));
    }
    for (name, count) in [
        ("files opened", files_opened),
        ("entries made", entries_created),
        ("calls", calls),
    ] {
        rows.add_some(name, some(*count).map(Count));
    }
    for (directory, access) in directories {
        rows.add("directory", format!("{directory} ({access})"));
    }
    for (name, changed) in [
        ("removed", removed),
        ("renamed", renamed),
        ("truncated", truncated),
        ("unlisted", unlisted),
    ] {
        rows.add_some(name, some(changed.count).map(|_| names(changed)));
    }
    for (host, connections) in hosts {
        let times = if *connections == 1 {
            "connection"
        } else {
            "connections"
        };
        rows.add("host", format!("{host} ({connections} {times})"));
    }
    for refusal in refusals {
        rows.add("refused", refusal);
    }
    rows.add("component", component);
    rows.add("manifest", manifest);
    rows.add("grant", grant);
    rows.add_some("grant of the caller", caller_grant.as_ref());
    rows.add_some("trace", trace_id.as_ref());
    rows.lines()
}

/// Names and values.
#[derive(Default)]
struct Rows(Vec<(&'static str, String)>);

impl Rows {
    fn add(&mut self, name: &'static str, value: impl ToString) {
        self.0.push((name, value.to_string()));
    }

    fn add_some(&mut self, name: &'static str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }

    fn lines(self) -> Vec<String> {
        let width = self.0.iter().map(|(name, _)| name.len()).max();
        let width = width.unwrap_or_default();
        let line = |(name, value)| format!("{name:width$} {value}");
        self.0.into_iter().map(line).collect()
    }
}

fn some(number: u64) -> Option<u64> {
    Some(number).filter(|number| *number > 0)
}

fn milliseconds(microseconds: u64) -> String {
    format!("{} ms", stats::milliseconds(microseconds))
}

/// The number of entries, and the names that are known of them.
fn names(changed: &Changed) -> String {
    let Changed { count, names } = changed;
    format!("{}: {}", Count(*count), names.join(", "))
}

fn said(verdict: &GuestVerdict) -> String {
    let GuestVerdict {
        kind,
        retryable,
        code,
        details,
    } = verdict;
    let kind = match kind {
        GuestVerdictKind::Failed => "failed",
        GuestVerdictKind::Denied => "denied",
        GuestVerdictKind::Violation => "violation",
    };
    let mut words = vec![kind.to_owned()];
    words.extend(Some(code.clone()).filter(|code| !code.is_empty()));
    words.extend(retryable.then(|| "another attempt may help".to_owned()));
    words.extend(details.iter().map(|(key, value)| format!("{key}: {value}")));
    words.join(", ")
}
