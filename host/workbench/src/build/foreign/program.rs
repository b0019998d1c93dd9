//! A program of a toolchain, run within a time.

use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::Error;

/// The longest time of one build. componentize-py takes 20 seconds, and three times that on a busy
/// machine; ten minutes is a program that hangs.
const MAX_TIME: Duration = Duration::from_secs(600);

/// The longest time in which a program says its version.
const MAX_VERSION_TIME: Duration = Duration::from_secs(60);

/// Output that is kept of each stream, in bytes: the first errors are the ones to mend. The rest is
/// read and dropped.
const MAX_WORDS: u64 = 16 << 10;

/// Beginning of the lines that componentize-py prints below its error: they are about itself.
const OWN_BACKTRACE: &str = "\nStack backtrace:";

/// One run of a program that makes a component.
pub(super) struct Step {
    /// The program, by its name on `PATH` or as an absolute path.
    pub(super) program: PathBuf,
    /// Arguments; the path of the output follows them.
    pub(super) args: Vec<OsString>,
    /// Advice for a machine without the program.
    pub(super) missing: String,
    /// Words in its output by which a missing part of the toolchain is known, with what to do.
    pub(super) hints: &'static [(&'static str, &'static str)],
}

/// A program that has ended.
struct Ended {
    status: ExitStatus,
    words: String,
}

/// A stream of a running program.
type Pipe = dyn Read + Send;

impl Step {
    /// The words in which the program says its version.
    pub(super) fn version(&self) -> Result<String, Error> {
        let mut command = Command::new(&self.program);
        command.arg("--version");
        Ok(self.end(command, MAX_VERSION_TIME)?.words)
    }

    /// Makes the file `output` of what is in the directory.
    pub(super) fn run(&self, directory: &Path, output: &Path) -> Result<(), Error> {
        let mut command = Command::new(&self.program);
        command.args(&self.args).arg(output).current_dir(directory);
        let Ended { status, words } = self.end(command, MAX_TIME)?;
        if status.success() {
            return Ok(());
        }
        let words = words.split(OWN_BACKTRACE).next().unwrap_or_default().trim();
        let hint = self.hints.iter().find(|(part, _)| words.contains(part));
        let hint = hint
            .map(|(_, what)| format!(": {what}"))
            .unwrap_or_default();
        Err(Error::Toolchain {
            sentence: format!(
                "{} could not build {}{hint}",
                self.name(),
                directory.display()
            ),
            words: words.to_owned(),
        })
    }

    fn name(&self) -> String {
        let name = self.program.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// Runs a command to its end, or ends it after a time.
    fn end(&self, mut command: Command, most: Duration) -> Result<Ended, Error> {
        let name = self.name();
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = child.map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                Error::work(format!("{name} is not there: {}", self.missing))
            }
            _ => Error::work(format!("{name} cannot be started: {error}")),
        })?;
        let until = Instant::now() + most;
        let words = read(&mut child);
        let mut said = Vec::new();
        loop {
            match words.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(more) => said.extend(more),
                // Both streams are at their end: it has ended, or is about to.
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    // If it has ended meanwhile, there is nothing to end.
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(Error::work(format!(
                        "{name} was ended after {} seconds: a build takes less",
                        most.as_secs()
                    )));
                }
            }
        }
        let status = child
            .wait()
            .map_err(|error| Error::work(format!("{name}: {error}")))?;
        Ok(Ended {
            status,
            words: String::from_utf8_lossy(&said).into_owned(),
        })
    }
}

/// Reads what a program prints, on threads of their own, to the end of both streams.
fn read(child: &mut Child) -> Receiver<Vec<u8>> {
    let (sender, words) = mpsc::channel();
    let stdout = child.stdout.take().map(|pipe| Box::new(pipe) as Box<Pipe>);
    let stderr = child.stderr.take().map(|pipe| Box::new(pipe) as Box<Pipe>);
    for mut pipe in [stdout, stderr].into_iter().flatten() {
        let sender = sender.clone();
        thread::spawn(move || {
            let mut words = Vec::new();
            // A stream that cannot be read has ended.
            let _ = pipe.by_ref().take(MAX_WORDS).read_to_end(&mut words);
            let _ = std::io::copy(&mut pipe, &mut std::io::sink());
            // Nobody waits for them after the time is over.
            let _ = sender.send(words);
        });
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A shell that does this.
    fn shell(script: &str, most: Duration) -> Result<Ended, Error> {
        let step = Step {
            program: PathBuf::from("sh"),
            args: Vec::new(),
            missing: String::new(),
            hints: &[],
        };
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        step.end(command, most)
    }

    #[test]
    fn a_program_that_does_not_end_is_ended() {
        let began = Instant::now();
        let most = Duration::from_millis(50);
        let error = shell("echo begun; exec tail -f /dev/null", most).err();
        let sentence = error.expect("it was ended").to_string();
        assert!(sentence.contains("sh was ended after"), "{sentence}");
        assert!(began.elapsed() < MAX_VERSION_TIME);
    }

    #[test]
    fn output_is_read_to_its_end_and_kept_up_to_a_limit() {
        let script = "yes a | head -c 1000000; yes b | head -c 1000000 >&2; exit 3";
        let Ended { status, words } = shell(script, MAX_VERSION_TIME).expect("it ends");
        assert_eq!(status.code(), Some(3));
        assert_eq!(words.len() as u64, 2 * MAX_WORDS);
    }
}
