//! Values out of two values: deep merging, splitting, where one array occurs in another.

use std::rc::Rc;

use super::value::{Map, Val};

/// The fields of both; where both have an object, those are merged.
pub(super) fn deep(mut left: Rc<Map>, right: &Map) -> Rc<Map> {
    let fields = Rc::make_mut(&mut left);
    for (key, value) in right {
        match (fields.get_mut(key), value) {
            (Some(Val::Obj(old)), Val::Obj(new)) => *old = deep(std::mem::take(old), new),
            (Some(old), new) => *old = new.clone(),
            (None, new) => drop(fields.insert(key.clone(), new.clone())),
        }
    }
    left
}

/// The parts of a text between separators; its characters if there is no separator.
pub(super) fn split(text: &str, separator: &str) -> Val {
    if text.is_empty() {
        return Val::array([]);
    }
    if separator.is_empty() {
        return Val::array(text.chars().map(|char| Val::text(char.to_string())));
    }
    Val::array(text.split(separator).map(Val::text))
}

/// The indices at which a part begins in an array.
pub(super) fn occurrences(values: &[Val], part: &[Val]) -> Val {
    if part.is_empty() {
        return Val::array([]);
    }
    let windows = values.windows(part.len()).enumerate();
    Val::array(
        windows
            .filter(|(_, window)| *window == part)
            .map(|(index, _)| Val::from(index)),
    )
}
