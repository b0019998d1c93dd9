//! The only crate that says what a call is and how it ended.
//!
//! Plain data: what goes into a call ([`Input`], [`Descriptor`]) and what comes out of it
//! ([`Report`]), and what is recorded of it ([`Record`]). Nothing here runs anything.

mod answer;
mod block;
mod descriptor;
mod guest_verdict;
mod input;
mod outcome;
mod output;
mod progress;
mod reach;
mod receipt;
mod record;
mod report;
mod stdin;
mod trace;

pub use answer::ApprovalAnswer;
pub use block::{Block, Resource};
pub use descriptor::{Descriptor, ListedTool};
pub use guest_verdict::{GuestVerdict, GuestVerdictKind};
pub use input::Input;
pub use outcome::{Outcome, OutcomeName};
pub use output::Output;
pub use progress::Progress;
pub use reach::Reach;
pub use receipt::{Changed, Receipt};
pub use record::{Action, Decision, Principal, Record, Usage, Verdict};
pub use report::Report;
pub use stdin::{Stdin, StdinSource};
pub use trace::{SPANS, TraceId, TraceParent};

/// The largest component that is read, in bytes (256 MiB). Interpreters of whole languages have 10
/// to 30 MB.
pub const MAX_COMPONENT: u64 = 256 << 20;
