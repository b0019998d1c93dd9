//! Filters out of functions.

use jaq_core::ValXs;
use jaq_core::native::{Fun, bome};

use crate::data::Kind;
use crate::val::{Error, Val};

/// A filter that runs.
pub(super) type Filter = Fun<Kind>;

/// The one output of a filter, or its error.
pub(super) fn one<'a>(result: Result<Val, Error>) -> ValXs<'a, Val> {
    bome(result)
}

/// A filter without arguments.
macro_rules! nullary {
    ($name:literal, $run:expr) => {
        jaq_core::native::run::<$crate::data::Kind>(($name, jaq_core::native::v(0), |cv| {
            let run: fn($crate::val::Val) -> Result<$crate::val::Val, $crate::val::Error> = $run;
            $crate::funs::native::one(run(cv.1))
        }))
    };
}

/// A filter with one value as its argument.
macro_rules! unary {
    ($name:literal, $run:expr) => {
        jaq_core::native::run::<$crate::data::Kind>(($name, jaq_core::native::v(1), |mut cv| {
            let run: fn(
                $crate::val::Val,
                $crate::val::Val,
            ) -> Result<$crate::val::Val, $crate::val::Error> = $run;
            let argument = cv.0.pop_var();
            $crate::funs::native::one(run(cv.1, argument))
        }))
    };
}

pub(super) use {nullary, unary};
