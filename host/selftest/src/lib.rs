//! The hostile corpus: programs that try, from inside the sandbox, what no tool may do; a table
//! that says what each is granted and how it must end; and what runs them against an installed
//! binary and looks from outside.
//!
//! `cofferdam selftest` is this crate, and so is the test of the same name: the claim that ships is
//! the claim that is tested.

#![allow(
    clippy::disallowed_methods,
    reason = "this crate stands outside the sandbox: it starts the binary and looks at what is \
              left on disk"
)]

mod advisories;
mod advisory;
mod dns;
mod ended;
mod guest;
mod host;
mod place;
mod plant;
mod problem;
mod program;
mod row;
mod run;
mod secret;
mod swap;
mod table;
mod web;

pub use advisories::{ADVISORIES, READ};
pub use advisory::{Absence, Advisory, Standing, Version};
pub use dns::Dns;
pub use guest::{Guest, in_mode};
pub use place::Place;
pub use problem::Problem;
pub use program::{Program, Ran};
pub use row::{Envelope, Row};
pub use run::{Corpus, Measured, Verdict};
pub use secret::{SECRET, SPELLINGS};
pub use swap::SwapProof;
pub use table::{guest, rows};
pub use web::{Connection, Reply, Request, Web};
