//! Regular expressions, on fancy-regex: it knows what Oniguruma's patterns have and automata do
//! not, such as looking around and back. Its steps are bounded.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use fancy_regex::{Captures, Regex, RegexBuilder};
use jaq_core::box_iter::box_once;
use jaq_core::native::{run, v};
use jaq_core::{Bind, Cv, Exn, ValXs};

use super::native::{Filter, one};
use crate::data::Kind;
use crate::val::{Error, Val, error};

/// Compiled patterns that are kept: a filter has a few, but it may also make them from its input.
const MOST_KEPT: usize = 64;

pub(super) fn all() -> Vec<Filter> {
    let vvf = || [Bind::Var(()), Bind::Var(()), Bind::Fun(())].into();
    vec![
        run(("_match", v(2), |mut cv| {
            let (flags, pattern) = (cv.0.pop_var(), cv.0.pop_var());
            one(matches(&cv.1, &pattern, &flags))
        })),
        run(("_test", v(2), |mut cv| {
            let (flags, pattern) = (cv.0.pop_var(), cv.0.pop_var());
            one((|| {
                let search = Search::new(&cv.1, &pattern, &flags)?;
                Ok(search.first()?.is_some().into())
            })())
        })),
        run::<Kind>(("_sub", vvf(), substitute)),
    ]
}

thread_local! {
    static KEPT: RefCell<HashMap<(String, String), Rc<Regex>>> = RefCell::default();
}

/// One search: a text, a pattern and how it is looked for.
struct Search {
    text: Rc<str>,
    regex: Rc<Regex>,
    global: bool,
    not_empty: bool,
}

impl Search {
    /// A pattern may come as an array of itself and its flags.
    fn new(value: &Val, pattern: &Val, flags: &Val) -> Result<Self, Error> {
        let Val::Str(text) = value else {
            return Err(error(format!(
                "{} cannot be matched, as it is not a string",
                value.named()
            )));
        };
        let (pattern, flags) = match pattern {
            Val::Arr(both) => (
                both.first().unwrap_or(&Val::Null),
                both.get(1).unwrap_or(&Val::Null),
            ),
            pattern => (pattern, flags),
        };
        let Val::Str(pattern) = pattern else {
            return Err(error(format!(
                "{} cannot be matched, as it is not a string",
                pattern.named()
            )));
        };
        let flags: &str = match flags {
            Val::Null => "",
            Val::Str(flags) => flags,
            other => return Err(error(format!("{} is not a string", other.named()))),
        };
        // `$` is before a line break at the end, too.
        let anchored = text.ends_with('\n') && pattern.contains('$');
        let pattern = if anchored {
            end_anchors(pattern)
        } else {
            pattern.to_string()
        };
        Ok(Self {
            text: text.clone(),
            regex: compiled(&pattern, flags)?,
            global: flags.contains('g'),
            not_empty: flags.contains('n'),
        })
    }

    fn first(&self) -> Result<Option<Captures<'_, str>>, Error> {
        let found = self.regex.captures(&*self.text).map_err(failed)?;
        Ok(found.filter(|found| !self.not_empty || !empty(found)))
    }

    fn all(&self) -> Result<Vec<Captures<'_, str>>, Error> {
        if !self.global {
            return Ok(self.first()?.into_iter().collect());
        }
        let found = self.regex.captures_iter(&*self.text);
        let found: Result<Vec<_>, _> = found.map(|found| found.map_err(failed)).collect();
        let mut found = found?;
        found.retain(|found| !self.not_empty || !empty(found));
        Ok(found)
    }
}

fn empty(found: &Captures<'_, str>) -> bool {
    found
        .get(0)
        .is_none_or(|whole| whole.start() == whole.end())
}

fn failed(what: impl std::fmt::Display) -> Error {
    error(format!("Regex failure: {what}"))
}

/// Replaces every `$` outside of brackets.
fn end_anchors(pattern: &str) -> String {
    let (mut text, mut bracket, mut escaped) = (String::new(), false, false);
    for char in pattern.chars() {
        match char {
            '$' if !escaped && !bracket => {
                text.push_str(r"(?=\n?\z)");
                continue;
            }
            '[' if !escaped => bracket = true,
            ']' if !escaped => bracket = false,
            _ => {}
        }
        escaped = char == '\\' && !escaped;
        text.push(char);
    }
    text
}

fn compiled(pattern: &str, flags: &str) -> Result<Rc<Regex>, Error> {
    let key = (pattern.to_owned(), flags.to_owned());
    if let Some(regex) = KEPT.with_borrow(|kept| kept.get(&key).cloned()) {
        return Ok(regex);
    }
    let mut builder = RegexBuilder::new(pattern);
    for flag in flags.chars() {
        match flag {
            // `s` is how patterns are read here anyway: `^` and `$` are the ends of the text.
            'g' | 'n' | 's' => {}
            'i' => drop(builder.case_insensitive(true)),
            'x' => drop(builder.ignore_whitespace(true)),
            'p' => drop(builder.dot_matches_new_line(true)),
            'l' => return Err(error("the flag l (longest match) is not supported here")),
            _ => return Err(error(format!("{flags} is not a valid modifier string"))),
        }
    }
    let regex = Rc::new(builder.build().map_err(failed)?);
    KEPT.with_borrow_mut(|kept| {
        if kept.len() >= MOST_KEPT {
            kept.clear();
        }
        kept.insert(key, regex.clone());
    });
    Ok(regex)
}

/// Counts code points up to offsets in bytes that only grow.
struct Points<'t> {
    text: &'t str,
    byte: usize,
    point: usize,
}

impl<'t> Points<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            text,
            byte: 0,
            point: 0,
        }
    }

    fn at(&mut self, byte: usize) -> usize {
        if byte < self.byte {
            (self.byte, self.point) = (0, 0);
        }
        let between = self.text.get(self.byte..byte).unwrap_or_default();
        self.point += between.chars().count();
        self.byte = byte;
        self.point
    }
}

fn matches(value: &Val, pattern: &Val, flags: &Val) -> Result<Val, Error> {
    let search = Search::new(value, pattern, flags)?;
    let names: Vec<Option<&str>> = search.regex.capture_names().collect();
    let mut points = Points::new(&search.text);
    let mut found = Vec::new();
    for captures in search.all()? {
        let mut groups = captures.iter().zip(&names).map(|(group, name)| {
            let mut fields = match group {
                Some(group) => vec![
                    ("offset", Val::from(points.at(group.start()))),
                    ("length", Val::from(group.as_str().chars().count())),
                    ("string", Val::text(group.as_str())),
                ],
                None => vec![
                    ("offset", Val::from(-1.0)),
                    ("string", Val::Null),
                    ("length", Val::from(0_usize)),
                ],
            };
            fields.push(("name", name.map_or(Val::Null, Val::text)));
            fields
        });
        let mut whole = groups.next().unwrap_or_default();
        // The whole match has its groups where a group has its name.
        whole.pop();
        let groups: Vec<Val> = groups.map(Val::object).collect();
        whole.push(("captures", Val::array(groups)));
        found.push(Val::object(whole));
    }
    Ok(Val::array(found))
}

/// `sub`: `_sub(pattern; flags; insert)`. The filter gets an object of the named groups; its first
/// output for every match makes the first result, its second the second.
fn substitute(mut cv: Cv<'_, Kind>) -> ValXs<'_, Val> {
    let (insert, context) = cv.0.pop_fun();
    let (flags, pattern) = (cv.0.pop_var(), cv.0.pop_var());
    let search = match Search::new(&cv.1, &pattern, &flags) {
        Ok(search) => search,
        Err(error) => return box_once(Err(error.into())),
    };
    let results = (|| {
        let names: Vec<Option<&str>> = search.regex.capture_names().collect();
        let mut results = vec![String::new()];
        let mut end = 0;
        for (number, captures) in search.all()?.into_iter().enumerate() {
            let Some(whole) = captures.get(0) else {
                continue;
            };
            let gap = search.text.get(end..whole.start()).unwrap_or_default();
            end = whole.end();
            let groups = captures.iter().zip(&names).filter_map(|(group, name)| {
                let text = group.map_or(Val::Null, |group| Val::text(group.as_str()));
                Some(((*name)?, text))
            });
            let mut inserts = Vec::new();
            for text in insert.run((context.clone(), Val::object(groups))) {
                match text? {
                    Val::Str(text) => inserts.push(text),
                    other => {
                        return Err(error(format!(
                            "{} cannot be inserted into a string",
                            other.named()
                        ))
                        .into());
                    }
                }
            }
            if number == 0 {
                results = vec![String::new(); inserts.len()];
            }
            for (result, text) in results.iter_mut().zip(&inserts) {
                result.push_str(gap);
                result.push_str(text);
            }
        }
        let rest = search.text.get(end..).unwrap_or_default();
        for result in &mut results {
            result.push_str(rest);
        }
        Ok::<_, Exn<'_, Val>>(results)
    })();
    match results {
        Ok(results) => Box::new(results.into_iter().map(|text| Ok(Val::text(text)))),
        Err(exception) => box_once(Err(exception)),
    }
}
