//! A call that waits for a person, asked about where its turn is watched.

use std::io::{IsTerminal, Stdin, stdin};

use cofferdam_server::{ApprovalClient, ApprovalEntry, Client};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::cmd::approvals;
use crate::console;
use crate::error::Failure;

/// The keys, as they are told.
const KEYS: &str = "[a]pprove it, approve it for the [s]ession, [d]eny it, or leave it [w]aiting? ";

/// A question that is on the terminal.
pub(super) struct Question {
    approvals: ApprovalClient,
    shown: ApprovalEntry,
    keys: AsyncFd<Stdin>,
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
        #[allow(
            deprecated,
            reason = "what replaces it is unsafe for descriptors that may close; this one does not"
        )]
        let keys = AsyncFd::with_interest(stdin(), Interest::READABLE);
        Ok(Some(Self {
            approvals,
            shown,
            keys: keys.map_err(Failure::work)?,
        }))
    }

    /// Waits for the answer, and decides by it. Returns false where it was none: then the question
    /// waits on.
    pub(super) async fn decide(&mut self) -> Result<bool, Failure> {
        let mut ready = self.keys.readable().await.map_err(Failure::work)?;
        ready.clear_ready();
        // The terminal hands over whole lines.
        let mut line = String::new();
        stdin().read_line(&mut line).map_err(Failure::work)?;
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
}
