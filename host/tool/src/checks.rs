//! Checks of inputs that may take long: a few at once, and beside other work for guests.
//!
//! To parse and check an input takes up to a third of a second and does not wait. A thread of
//! guests that did one after the other would keep the calls of others waiting for all of them.

use std::thread::available_parallelism;

use cofferdam_call::Input;
use cofferdam_sandbox::Allowance;
use tokio::sync::Semaphore;

use crate::input::{self, Checked};
use crate::tool::Tool;

/// Bytes of an input that is checked where its call runs (1 KiB). The steepest schema makes half a
/// million steps of it, which take some milliseconds.
const SHORT: usize = 1 << 10;

/// The checks of one host. As many take place at once as there are cores, because each may hold
/// what an input becomes.
#[derive(Debug)]
pub(crate) struct Checks(Semaphore);

impl Checks {
    pub(crate) fn new() -> Self {
        Self(Semaphore::new(
            available_parallelism().map_or(1, usize::from),
        ))
    }

    /// Checks an input against its tool when it is its turn. Another thread takes over what this
    /// one would have done meanwhile.
    pub(crate) async fn check(&self, input: Input, tool: &Tool, allowance: &Allowance) -> Checked {
        let is_long = matches!(&input, Input::Json(text) if text.len() > SHORT);
        if !is_long {
            return input::checked(input, tool, allowance);
        }
        let turn = match allowance.within(self.0.acquire()).await {
            Ok(turn) => turn,
            Err(ended) => return Checked::unread(ended),
        };
        let checked = tokio::task::block_in_place(|| input::checked(input, tool, allowance));
        drop(turn);
        checked
    }
}
