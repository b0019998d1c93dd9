//! `shuf` of uutils, with its messages set up.

#![allow(missing_docs, reason = "the `main` that the macro writes is public")]

uucore::bin!(uu_shuf);
