//! Secrets that a program of the operator prints.

use std::ffi::OsString;
use std::process::Stdio;
use std::time::Duration;

use cofferdam_capability::SecretName;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};
use zeroize::Zeroizing;

use super::error::SourceError;
use super::size::MAX_SECRET;
use super::value::SecretValue;

/// The time that the program has. A password manager that asks a server answers within seconds;
/// one that asks a person does not belong here.
const PATIENCE: Duration = Duration::from_secs(10);

/// The largest output that is read, in bytes: the largest secret and a line break.
const MAX_OUTPUT: usize = MAX_SECRET + 2;

/// Tells the program for which agent the secret is; not set for a call of no agent.
const AGENT: &str = "COFFERDAM_AGENT";

/// A program that prints the secret whose name is its last argument. No shell is between.
#[derive(Debug, Clone)]
pub struct SecretCommand {
    program: OsString,
    arguments: Vec<OsString>,
}

impl SecretCommand {
    /// The program with its arguments; none without a program.
    pub fn new(words: &[String]) -> Option<Self> {
        let (program, arguments) = words.split_first()?;
        Some(Self {
            program: program.into(),
            arguments: arguments.iter().map(OsString::from).collect(),
        })
    }

    /// Runs the program. Output without a byte says that the secret is not there; any status but 0
    /// is a failure.
    #[allow(
        clippy::disallowed_methods,
        reason = "the program is the operator's choice, and no tool has a say in it"
    )]
    pub(super) async fn get(
        &self,
        agent: &str,
        name: &SecretName,
    ) -> Result<Option<SecretValue>, SourceError> {
        let failed = |problem: &dyn std::fmt::Display| {
            SourceError::new(format!(
                "the command of [secrets] ({}): {problem}",
                self.program.display()
            ))
        };
        if name.as_str().starts_with('-') {
            return Err(failed(&format!(
                "{name} begins with `-`, which a program takes for an option: give the secret \
                 another name"
            )));
        }
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .arg(name.as_str())
            .env_remove(AGENT)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        if !agent.is_empty() {
            command.env(AGENT, agent);
        }
        let child = command.spawn().map_err(|error| failed(&error))?;
        let text = tokio::time::timeout(PATIENCE, output(child))
            .await
            .map_err(|_| failed(&format!("it has not ended within {PATIENCE:?}")))?
            .map_err(|error| failed(&error))?;
        if text.is_empty() {
            return Ok(None);
        }
        let value = SecretValue::of_text(name, text).map_err(|error| failed(&error))?;
        Ok(Some(value))
    }
}

/// The output of a program that ended well.
async fn output(mut child: Child) -> std::io::Result<Zeroizing<Vec<u8>>> {
    // At its full size from the beginning: a buffer that grows leaves copies behind.
    let mut text = Zeroizing::new(Vec::with_capacity(MAX_OUTPUT + 1));
    if let Some(stdout) = child.stdout.take() {
        let mut stdout = stdout.take(MAX_OUTPUT as u64 + 1);
        stdout.read_to_end(&mut text).await?;
    }
    if text.len() > MAX_OUTPUT {
        let problem = format!("it has printed more than {MAX_OUTPUT} bytes");
        return Err(std::io::Error::other(problem));
    }
    let status = child.wait().await?;
    if !status.success() {
        return Err(std::io::Error::other(format!("it ended with {status}")));
    }
    Ok(text)
}
