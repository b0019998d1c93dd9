//! Calls of tools that run while their turn is watched.

use std::time::Instant;

use cofferdam_server::ProgressEntry;

/// The calls that have begun and not ended.
#[derive(Debug, Default)]
pub(super) struct RunningCalls(Vec<RunningCall>);

#[derive(Debug)]
struct RunningCall {
    id: String,
    tool: String,
    begun: Instant,
    progress: String,
}

impl RunningCalls {
    /// A call has begun.
    pub(super) fn begin(&mut self, id: &str, tool: &str) {
        self.0.push(RunningCall {
            id: id.to_owned(),
            tool: tool.to_owned(),
            begun: Instant::now(),
            progress: String::new(),
        });
    }

    /// A tool tells its progress.
    pub(super) fn progress(&mut self, id: &str, told: &ProgressEntry) {
        if let Some(call) = self.0.iter_mut().find(|call| call.id == id) {
            call.progress = words(told);
        }
    }

    /// A call has ended.
    pub(super) fn end(&mut self, id: &str) {
        if let Some(place) = self.0.iter().position(|call| call.id == id) {
            self.0.remove(place);
        }
    }

    /// Returns true if no call runs.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The tools of the calls that run, which are forgotten: their turn is over.
    pub(super) fn take(&mut self) -> Vec<String> {
        self.0.drain(..).map(|call| call.tool).collect()
    }

    /// The calls in one line, with the seconds that they have taken so far.
    pub(super) fn line(&self) -> String {
        let call = |call: &RunningCall| {
            let seconds = call.begun.elapsed().as_secs();
            format!("{} {seconds} s{}", call.tool, call.progress)
        };
        self.0.iter().map(call).collect::<Vec<_>>().join(" · ")
    }
}

/// Progress in words: `: 3/10 reading`.
fn words(progress: &ProgressEntry) -> String {
    let ProgressEntry {
        done,
        total,
        message,
    } = progress;
    let amount = match total {
        Some(total) => format!("{done}/{total}"),
        None => done.to_string(),
    };
    format!(": {amount} {message}").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_told_with_their_progress() {
        let mut calls = RunningCalls::default();
        calls.begin("1", "wc");
        calls.begin("2", "fetch");
        let told = ProgressEntry {
            done: 3,
            total: Some(10),
            message: "pages".to_owned(),
        };
        calls.progress("2", &told);
        assert_eq!(calls.line(), "wc 0 s · fetch 0 s: 3/10 pages");
        calls.end("1");
        assert_eq!(calls.take(), ["fetch"]);
        assert!(calls.is_empty());
    }
}
