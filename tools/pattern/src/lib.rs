//! Regular expressions as POSIX and Perl write them, on Rust's engines.
//!
//! [`posix`] and [`perl`] translate a pattern; [`Engine`] is what searches with it, through the
//! same interface as ripgrep's own matcher. Automata search wherever they can, because their time
//! is linear; what needs backtracking (look-around, back-references) has a bounded number of steps.

mod backtrack;
mod engine;
mod groups;
mod longest;
mod perl;
mod perl_escape;
mod perl_set;
mod posix;
mod posix_set;

pub use backtrack::{Backtracking, BacktrackingOptions};
pub use engine::{Engine, SearchError};
pub use groups::Groups;
pub use longest::Longest;
pub use perl::{Perl, perl};
pub use posix::{Flavor, Posix, posix};

/// The largest compiled pattern, in bytes: what the default memory of a call has room for beside
/// the search.
pub const MAX_COMPILED: usize = 16 << 20;
