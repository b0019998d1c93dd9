//! The way from a schema as its author wrote it to the one that clients get.

use serde_json::Value;

use super::meaning::{Form, Meaning, Object, Others, Side};
use super::read::Reader;
use super::unite::united;
use super::write;

/// The schema of an input for clients: an object without a choice at the top, where the input is an
/// object.
pub(crate) fn input(full: &Value) -> Value {
    let meaning = Reader::new(full, Side::Input).read();
    write::top(&at_the_top(meaning), Side::Input)
}

/// The schema of a result for clients.
pub(crate) fn output(full: &Value) -> Value {
    let meaning = Reader::new(full, Side::Output).read();
    write::top(&meaning, Side::Output)
}

/// The same without a choice at the top: a choice of objects becomes one object that has the
/// members of all of them. Where every value fits, so does every object.
fn at_the_top(meaning: Meaning) -> Meaning {
    let mut objects: Vec<Object> = meaning.objects().cloned().collect();
    if meaning.is_any() {
        objects = vec![Object::default()];
    }
    let mut objects = objects.into_iter();
    let Some(mut one) = objects.next() else {
        return meaning;
    };
    for other in objects {
        take_in(&mut one, other);
    }
    // The words of the one case, where there is but one.
    let mut words = meaning.words;
    if let [case] = meaning.cases.as_slice() {
        words.fill_from(&case.words);
    }
    Meaning {
        words,
        ..Meaning::of(Form::Object(one))
    }
}

/// Becomes an object that has the members of both, of which those are required that both
/// require.
fn take_in(one: &mut Object, other: Object) {
    let Object {
        members,
        required,
        others,
    } = other;
    for (name, meaning) in members {
        match one.members.iter_mut().find(|(known, _)| *known == name) {
            None => one.members.push((name, meaning)),
            Some((_, known)) => {
                let words = known.words.clone();
                let cases = std::mem::take(&mut known.cases);
                *known = Meaning {
                    words,
                    cases: united(cases.into_iter().chain(meaning.cases)),
                };
            }
        }
    }
    one.required.retain(|name| required.contains(name));
    if one.others != others {
        one.others = Others::Free;
    }
}
