//! Data that a running filter can reach besides its input.

use jaq_core::{DataT, Lut, data::HasLut};

use crate::val::Val;

/// Ties values and data together for the engine.
pub(crate) struct Kind;

impl DataT for Kind {
    type V<'a> = Val;
    type Data<'a> = &'a Data<'a>;
}

/// The source of a filter's inputs.
pub trait Inputs {
    /// The next input, or a sentence about why it cannot be read.
    fn next(&self) -> Option<Result<Val, String>>;

    /// The file of the last input; nothing for standard input.
    fn file(&self) -> Option<String>;

    /// Number of lines of that file that have been read.
    fn lines(&self) -> usize;
}

pub(crate) struct Data<'a> {
    pub(crate) lut: &'a Lut<Kind>,
    pub(crate) inputs: &'a dyn Inputs,
    /// The names that `builtins` gives.
    pub(crate) builtins: fn() -> Val,
    /// `$ENV`
    pub(crate) environment: &'a Val,
}

impl<'a> HasLut<'a, Kind> for &'a Data<'a> {
    fn lut(&self) -> &'a Lut<Kind> {
        self.lut
    }
}
