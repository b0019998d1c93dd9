//! The filters that are not said in jq's own language, by subject.

mod calendar;
mod dates;
mod formats;
mod input;
mod math;
mod native;
mod paths;
mod regex;
mod sorting;
mod strftime;
mod strptime;
mod texts;
mod values;

use crate::data::Kind;
use native::Filter;

/// All filters; of two with the same name the first counts.
pub(crate) fn all() -> impl Iterator<Item = Filter> {
    let ours = [
        values::all(),
        texts::all(),
        sorting::all(),
        paths::all(),
        math::all(),
        regex::all(),
        dates::all(),
        formats::all(),
        input::all(),
    ];
    ours.into_iter().flatten().chain(jaq_core::funs::<Kind>())
}

/// Names and numbers of arguments.
pub(crate) fn names() -> Vec<(&'static str, usize)> {
    all()
        .map(|(name, arguments, _)| (name, arguments.len()))
        .collect()
}
