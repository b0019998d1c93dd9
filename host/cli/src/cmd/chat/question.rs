//! A call that waits for a person, asked about where its turn is watched.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, IsTerminal, stdin};
use std::os::unix::fs::OpenOptionsExt;

use cofferdam_server::{ApprovalClient, ApprovalEntry, Client};
use rustix::fs::OFlags;
use tokio::net::unix::pipe;

use crate::cmd::approvals;
use crate::console;
use crate::error::Failure;

/// The keys, as they are told.
const KEYS: &str = "[a]pprove it, approve it for the [s]ession, [d]eny it, or leave it [w]aiting? ";

/// The longest line that is read as an answer, in bytes: more is none.
const MAX_LINE: usize = 256;

/// A question that is on the terminal.
pub(super) struct Question {
    approvals: ApprovalClient,
    shown: ApprovalEntry,
    keys: pipe::Receiver,
}

impl Question {
    /// Asks the person at this terminal. Where there is none, the note says how to decide.
    pub(super) async fn ask(client: &Client, id: &str) -> Result<Option<Self>, Failure> {
        if !stdin().is_terminal() || console::terminal().is_none() {
            console::note(&format!(
                "the call waits for an approval: `cofferdam approvals show {id}` shows it, \
                 `cofferdam approvals approve {id}` lets it happen"
            ));
            return Ok(None);
        }
        let mut approvals = ApprovalClient::new(client);
        let shown = approvals.get(id.to_owned()).await?;
        approvals::show(&shown);
        console::piece(KEYS);
        // A terminal can be waited for as a pipe can.
        let keys = terminal().and_then(pipe::Receiver::from_file_unchecked);
        Ok(Some(Self {
            approvals,
            shown,
            keys: keys.map_err(Failure::work)?,
        }))
    }

    /// Waits for the answer, and decides by it. Returns false where it was none: then the question
    /// waits on.
    pub(super) async fn decide(&mut self) -> Result<bool, Failure> {
        let line = self.line().await.map_err(Failure::work)?;
        let reason = "at the terminal of the chat".to_owned();
        match line.trim() {
            "a" | "s" => {
                let session = line.trim() == "s";
                self.approvals.approve(&self.shown, session, reason).await?;
                Ok(true)
            }
            "d" => {
                self.approvals.deny(self.shown.id.clone(), reason).await?;
                Ok(true)
            }
            "w" => {
                console::note(&format!(
                    "it waits: `cofferdam approvals approve {}` lets it happen",
                    self.shown.id
                ));
                Ok(true)
            }
            _ => {
                console::piece(KEYS);
                Ok(false)
            }
        }
    }

    /// Waits for a line, which the terminal hands over whole.
    async fn line(&self) -> std::io::Result<String> {
        let mut line = [0; MAX_LINE];
        loop {
            self.keys.readable().await?;
            match self.keys.try_read(&mut line) {
                Ok(read) => {
                    let line = line.get(..read).unwrap_or_default();
                    return Ok(String::from_utf8_lossy(line).into_owned());
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// The terminal of this process, opened once more: reading it without waiting concerns nobody else.
fn terminal() -> std::io::Result<File> {
    let flags = i32::try_from((OFlags::NONBLOCK | OFlags::NOCTTY).bits());
    OpenOptions::new()
        .read(true)
        .custom_flags(flags.unwrap_or_default())
        .open("/dev/tty")
}
