//! Values that fit two schemas.

use serde_json::Number;

use super::meaning::{Case, Form, List, Meaning, Object, Others, Range, Text};
use super::unite::united;

/// Cases that come of two choices; beyond it the first of the two stands alone, and says less.
const MAX_CASES: usize = 32;

/// The values that fit both, as far as can be said: never fewer. The words are those of the first.
pub(super) fn join(one: Meaning, other: Meaning) -> Meaning {
    if other.is_any() {
        let mut words = one.words;
        words.fill_from(&other.words);
        return Meaning { words, ..one };
    }
    if one.is_any() {
        let mut words = one.words;
        words.fill_from(&other.words);
        return Meaning { words, ..other };
    }
    if one.cases.len().saturating_mul(other.cases.len()) > MAX_CASES {
        return one;
    }
    let pairs = one
        .cases
        .iter()
        .flat_map(|first| other.cases.iter().map(move |second| case(first, second)));
    let cases = united(pairs.flatten());
    let mut words = one.words;
    words.fill_from(&other.words);
    Meaning { words, cases }
}

fn case(one: &Case, other: &Case) -> Option<Case> {
    let form = match (&one.form, &other.form) {
        (Form::Any, form) | (form, Form::Any) => form.clone(),
        (Form::Null, Form::Null) => Form::Null,
        (Form::Boolean, Form::Boolean) => Form::Boolean,
        (Form::Number(one), Form::Number(two)) => Form::Number(range(one, two)),
        (Form::Integer(one) | Form::Number(one), Form::Integer(two) | Form::Number(two)) => {
            Form::Integer(range(one, two))
        }
        (Form::Text(one), Form::Text(two)) => Form::Text(text(one, two)?),
        (Form::List(one), Form::List(two)) => Form::List(list(one, two)),
        (Form::Object(one), Form::Object(two)) => Form::Object(object(one, two)?),
        _ => return None,
    };
    let mut words = one.words.clone();
    words.fill_from(&other.words);
    Some(Case { words, form })
}

fn range(one: &Range, other: &Range) -> Range {
    let float = |number: &Number| number.as_f64().unwrap_or_default();
    let pick = |one: &Option<Number>, two: &Option<Number>, larger: bool| match (one, two) {
        (Some(one), Some(two)) => {
            let first = (float(one) > float(two)) == larger;
            Some(if first { one } else { two }.clone())
        }
        (one, two) => one.clone().or_else(|| two.clone()),
    };
    Range {
        least: pick(&one.least, &other.least, true),
        most: pick(&one.most, &other.most, false),
    }
}

fn text(one: &Text, other: &Text) -> Option<Text> {
    let values = match (&one.values, &other.values) {
        (Some(one), Some(two)) => {
            let both: Vec<_> = one
                .iter()
                .filter(|value| two.contains(value))
                .cloned()
                .collect();
            if both.is_empty() {
                return None;
            }
            Some(both)
        }
        (one, two) => one.clone().or_else(|| two.clone()),
    };
    Some(Text {
        values,
        least: one.least.max(other.least),
        most: least(one.most, other.most),
        pattern: one.pattern.clone().or_else(|| other.pattern.clone()),
        format: one.format.clone().or_else(|| other.format.clone()),
    })
}

fn list(one: &List, other: &List) -> List {
    let items = join(one.items.as_ref().clone(), other.items.as_ref().clone());
    // A list of nothing is an empty one.
    let none = items.is_never().then_some(0);
    List {
        least: one.least.max(other.least),
        most: least(least(one.most, other.most), none),
        items: Box::new(items),
    }
}

fn least(one: Option<u64>, two: Option<u64>) -> Option<u64> {
    match (one, two) {
        (Some(one), Some(two)) => Some(one.min(two)),
        (one, two) => one.or(two),
    }
}

fn object(one: &Object, other: &Object) -> Option<Object> {
    let mut names: Vec<&String> = one.members.iter().map(|(name, _)| name).collect();
    for (name, _) in &other.members {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let mut required = one.required.clone();
    for name in &other.required {
        if !required.contains(name) {
            required.push(name.clone());
        }
    }
    let mut members = Vec::new();
    for name in names {
        let both = join(one.member(name), other.member(name));
        if !both.is_never() {
            members.push((name.clone(), both));
        } else if required.contains(name) {
            return None;
        }
    }
    let others = match (&one.others, &other.others) {
        (Others::Closed, _) | (_, Others::Closed) => Others::Closed,
        (Others::Free, others) | (others, Others::Free) => others.clone(),
        (Others::Of(first), Others::Of(second)) => Others::Of(Box::new(join(
            first.as_ref().clone(),
            second.as_ref().clone(),
        ))),
    };
    Some(Object {
        members,
        required,
        others,
    })
}
