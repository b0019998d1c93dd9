//! `numfmt` of uutils, with its messages set up.

#![allow(missing_docs, reason = "the `main` that the macro writes is public")]

// It ends with exit codes beyond 1.
use cofferdam_command as _;

uucore::bin!(uu_numfmt);
