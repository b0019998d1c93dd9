//! `printenv` of uutils, with its messages set up.

#![allow(missing_docs, reason = "the `main` that the macro writes is public")]

use cofferdam_command as _;

uucore::bin!(uu_printenv);
