//! Choices: the cases of several schemas, each of them once.

use super::meaning::{Case, Form, Text, Words};

/// Cases of a choice, without those that say the same, and with the values of enumerations in one.
pub(super) fn united(cases: impl IntoIterator<Item = Case>) -> Vec<Case> {
    let mut united: Vec<Case> = Vec::new();
    for case in cases {
        if case.form == Form::Any {
            return vec![case];
        }
        let known = united.iter_mut().find_map(|known| {
            let same = known.form == case.form;
            same.then_some(()).or_else(|| merge_values(known, &case))
        });
        if known.is_none() {
            united.push(case);
        }
    }
    united
}

/// Adds the values of one enumeration to another. What is said of one value follows it.
fn merge_values(known: &mut Case, case: &Case) -> Option<()> {
    let (Form::Text(one), Form::Text(other)) = (&known.form, &case.form) else {
        return None;
    };
    let (Some(values), Some(more)) = (&one.values, &other.values) else {
        return None;
    };
    let mut values = values.clone();
    let mut words = Words::default();
    for (values, of) in [(values.as_slice(), &known.words), (more, &case.words)] {
        let said = of.text().map(|text| match values {
            [value] => format!("`{value}`: {text}"),
            _ => text,
        });
        words.notes.extend(said);
    }
    for value in more {
        if !values.contains(value) {
            values.push(value.clone());
        }
    }
    known.form = Form::Text(Text {
        values: Some(values),
        ..Text::default()
    });
    known.words = words;
    Some(())
}
