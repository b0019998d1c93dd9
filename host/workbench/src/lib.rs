//! Makes, tries and describes tools for their authors; the only crate that starts other build
//! tools.
//!
//! [`project`] starts a tool; [`build`] makes its component; [`test`] runs its cases; [`publish`]
//! makes the files that catalogues and clients take; [`watch`] sees its files change; [`describe`]
//! puts the rows of a manifest into words for a reviewer, and [`compare`] the differences between
//! two versions; [`narrowed`] writes a smaller manifest; [`mod@reach`] follows the calls in a
//! component; [`review`] makes the page of a review.
//!
//! Absent on purpose: nothing here prints, and nothing reads the command line or the environment. A
//! caller gives paths, variables and the sandbox, and gets values back.

#![allow(
    clippy::disallowed_methods,
    reason = "this crate opens the paths of an author's tool, and starts build tools"
)]

pub mod project;

pub mod build;

pub mod test;

pub mod publish;

pub mod watch;

pub mod describe;

pub mod compare;

pub mod reach;

pub mod review;

mod error;
mod file;
mod narrowed;

pub use error::{CallerError, Error};
pub use file::{manifest, read};
pub use narrowed::narrowed;
