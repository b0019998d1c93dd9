//! The files of the logs.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Write};
use std::sync::Arc;

use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};

use super::line::{LogEvent, line};
use super::queue::Item;

/// The size at which a log is put aside, in bytes (1 MiB): some five thousand lines. One older file
/// stays, so an agent takes at most twice as much, and a thousand agents 2 GiB.
const MAX_FILE: u64 = 1 << 20;

/// The directory of the logs. Nothing is open between two writes: a thousand agents would take a
/// thousand descriptors.
#[derive(Debug)]
pub(super) struct Files {
    directory: Dir,
    /// Lines that could not be written since the last that could, by agent.
    lost: BTreeMap<Arc<str>, u64>,
}

impl Files {
    pub(super) fn new(directory: Dir) -> Self {
        Self {
            directory,
            lost: BTreeMap::new(),
        }
    }

    /// Writes items in their order; lines of one agent go together.
    pub(super) fn write(&mut self, items: Vec<Item>) {
        let mut lines: BTreeMap<Arc<str>, String> = BTreeMap::new();
        for item in items {
            match item {
                Item::Line { agent, line } => lines.entry(agent).or_default().push_str(&line),
                Item::Lost { agent, lines: lost } => {
                    let lost = line(&LogEvent::Lost { lines: lost });
                    lines.entry(agent).or_default().push_str(&lost);
                }
                Item::Remove(agent) => {
                    lines.remove(&agent);
                    self.lost.remove(&agent);
                    for name in [name(&agent), older(&agent)] {
                        self.remove(&name);
                    }
                }
                Item::Keep(agents) => self.keep(&agents),
            }
        }
        for (agent, text) in lines {
            let mut rest = text.as_str();
            while !rest.is_empty() {
                let (piece, after) = rest.split_at(whole_lines(rest));
                self.append(&agent, piece.to_owned());
                rest = after;
            }
        }
    }

    fn append(&mut self, agent: &Arc<str>, mut text: String) {
        let count = text.lines().count() as u64;
        let before = self.lost.remove(agent).unwrap_or_default();
        if before > 0 {
            text = line(&LogEvent::Lost { lines: before }) + &text;
        }
        if let Err(error) = self.try_append(agent, &text) {
            if before == 0 {
                tracing::warn!(
                    agent = &**agent,
                    "its log cannot be written, lines are lost: {error}"
                );
            }
            self.lost.insert(Arc::clone(agent), before + count);
        }
    }

    fn try_append(&self, agent: &str, text: &str) -> io::Result<()> {
        let name = name(agent);
        match self.directory.symlink_metadata(&name) {
            Ok(found) if !found.is_file() => {
                return Err(io::Error::other("it is not a regular file: remove it"));
            }
            Ok(found) if found.len() > 0 && found.len() + text.len() as u64 > MAX_FILE => {
                self.directory
                    .rename(&name, &self.directory, older(agent))?;
            }
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let mut options = OpenOptions::new();
        options.append(true).create(true).mode(0o600);
        let mut file = self.directory.open_with(&name, &options)?;
        let before = file.metadata()?.len();
        file.write_all(text.as_bytes()).inspect_err(|_| {
            // Half a line would be none.
            let _ = file.set_len(before);
        })
    }

    fn keep(&self, agents: &[Arc<str>]) {
        let Ok(entries) = self.directory.entries() else {
            return;
        };
        for entry in entries.flatten() {
            let Ok(file) = entry.file_name().into_string() else {
                continue;
            };
            let agent = file
                .strip_suffix(".log")
                .or_else(|| file.strip_suffix(".log.1"));
            if agent.is_some_and(|agent| !agents.iter().any(|known| **known == *agent)) {
                self.remove(&file);
            }
        }
    }

    fn remove(&self, name: &str) {
        match self.directory.remove_file(name) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                tracing::warn!("the log {name} of an agent that is no more stays: {error}");
            }
            _ => {}
        }
    }
}

/// Bytes of the lines at the beginning of a text that one file takes.
fn whole_lines(text: &str) -> usize {
    let most = usize::try_from(MAX_FILE).unwrap_or(usize::MAX);
    if text.len() <= most {
        return text.len();
    }
    let bytes = text.as_bytes().get(..most).unwrap_or_default();
    let end = bytes.iter().rposition(|byte| *byte == b'\n');
    end.map_or(text.len(), |end| end + 1)
}

fn name(agent: &str) -> String {
    format!("{agent}.log")
}

/// The file that was put aside.
fn older(agent: &str) -> String {
    format!("{agent}.log.1")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    #![allow(clippy::disallowed_methods, reason = "the test's own directory")]

    use super::*;

    #[test]
    fn a_log_is_put_aside_once_and_goes_with_its_agent() {
        let temporary = tempfile::tempdir().unwrap();
        let dir = Dir::open_ambient_dir(temporary.path(), cap_std::ambient_authority()).unwrap();
        let mut files = Files::new(dir);
        let size = |name: &str| std::fs::metadata(temporary.path().join(name)).map(|it| it.len());
        let line = "x".repeat(400_000) + "\n";
        let write = |files: &mut Files, agent: &str| {
            let agent = agent.into();
            let line = line.clone();
            files.write(vec![Item::Line { agent, line }]);
        };
        for _ in 0..2 {
            write(&mut files, "a");
        }
        assert_eq!(size("a.log").unwrap(), 800_002);
        for _ in 0..3 {
            write(&mut files, "a");
        }
        assert_eq!(size("a.log").unwrap(), 400_001);
        assert_eq!(size("a.log.1").unwrap(), 800_002);
        write(&mut files, "b");
        files.write(vec![Item::Remove("a".into())]);
        assert!(size("a.log").is_err() && size("a.log.1").is_err());
        assert!(size("b.log").is_ok());
        files.write(vec![Item::Keep(vec!["c".into()])]);
        assert!(size("b.log").is_err());
    }

    #[test]
    fn lines_that_cannot_be_written_are_counted() {
        let temporary = tempfile::tempdir().unwrap();
        let dir = Dir::open_ambient_dir(temporary.path(), cap_std::ambient_authority()).unwrap();
        let mut files = Files::new(dir);
        let path = temporary.path().join("a.log");
        std::fs::create_dir(&path).unwrap();
        let write = |files: &mut Files| {
            let agent = "a".into();
            let line = "one\ntwo\n".to_owned();
            files.write(vec![Item::Line { agent, line }]);
        };
        write(&mut files);
        write(&mut files);
        std::fs::remove_dir(&path).unwrap();
        write(&mut files);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("\"lines\":4"), "{text}");
        assert!(text.ends_with("one\ntwo\n"), "{text}");
    }
}
