//! Paths: reading, setting, deleting, updating; and the control flow that jq has and the engine
//! lacks.

use jaq_core::box_iter::box_once;
use jaq_core::native::{run, v};
use jaq_core::{Bind, Ctx, Cv, Exn, Native, ValX, ValXs};

use super::native::{Filter, one};
use crate::data::Kind;
use crate::val::{Val, delete_paths, error, get_path, set_path, update_path};

pub(super) fn all() -> Vec<Filter> {
    let f = |count: usize| -> Box<[Bind]> { vec![Bind::Fun(()); count].into() };
    let vf = || [Bind::Var(()), Bind::Fun(())].into();
    vec![
        ("getpath", v(1), getpath()),
        ("limit", vf(), limit()),
        ("!last", f(1), last()),
        ("!else", f(2), otherwise()),
        run(("setpath", v(2), |mut cv| {
            let (new, path) = (cv.0.pop_var(), cv.0.pop_var());
            one(keys(path).and_then(|path| set_path(cv.1, &path, new)))
        })),
        run(("delpaths", v(1), |mut cv| {
            one(match cv.0.pop_var() {
                Val::Arr(paths) => delete_paths(cv.1, paths.to_vec()),
                _ => Err(error("Paths must be specified as an array")),
            })
        })),
        run::<Kind>(("!assign", f(2), assign)),
        run(("!update", f(2), |cv| box_once(update(cv)))),
        run(("_delete", f(1), |mut cv| {
            let (filter, context) = cv.0.pop_fun();
            let paths: Result<Vec<Val>, Exn<'_, Val>> =
                paths_of(filter, context, cv.1.clone()).collect();
            box_once(paths.and_then(|paths| Ok(delete_paths(cv.1, paths)?)))
        })),
        run::<Kind>(("!foreach", f(4), foreach)),
    ]
}

fn keys(path: Val) -> Result<Vec<Val>, crate::val::Error> {
    match path {
        Val::Arr(path) => Ok(path.to_vec()),
        _ => Err(error("Path must be specified as an array")),
    }
}

type Fun = jaq_core::compile::TermId;

/// The paths that a filter walks in a value, as arrays.
fn paths_of<'a>(filter: Fun, context: Ctx<'a, Kind>, value: Val) -> ValXs<'a, Val> {
    let outputs: Vec<ValX<'a, Val, Val>> = filter
        .paths((context, (value, Default::default())))
        .map(|output| {
            let mut path: Vec<Val> = output?.1.iter().cloned().collect();
            path.reverse();
            Ok(Val::array(path))
        })
        .collect();
    Box::new(outputs.into_iter())
}

const fn getpath() -> Native<Kind> {
    Native::new(|mut cv| {
        let path = cv.0.pop_var();
        one(keys(path).and_then(|path| get_path(&cv.1, &path)))
    })
    .with_paths(|mut cv| {
        let path = cv.0.pop_var();
        let (value, walked) = cv.1;
        let found = keys(path).and_then(|path| {
            let found = get_path(&value, &path)?;
            Ok((found, walked.extend(path)))
        });
        box_once(found.map_err(Exn::from))
    })
}

/// The first outputs; all of them if the number is negative.
const fn limit() -> Native<Kind> {
    macro_rules! limited {
        ($cv:ident, $run:ident) => {{
            let ((filter, context), count) = ($cv.0.pop_fun(), $cv.0.pop_var());
            let Val::Num(mut left, _) = count else {
                return box_once(Err(error("limit takes a number first").into()));
            };
            if left == 0.0 {
                return Box::new(std::iter::empty());
            }
            let outputs = filter.$run((context, $cv.1));
            if left < 0.0 {
                return outputs;
            }
            // Ends after the last: what would follow is not calculated.
            let mut outputs = Some(outputs);
            Box::new(std::iter::from_fn(move || {
                let output = outputs.as_mut()?.next();
                left -= 1.0;
                if left <= 0.0 {
                    outputs = None;
                }
                output
            }))
        }};
    }
    Native::new(|mut cv| limited!(cv, run)).with_paths(|mut cv| limited!(cv, paths))
}

/// The last output, or null if there is none.
const fn last() -> Native<Kind> {
    Native::new(|mut cv| {
        let (filter, context) = cv.0.pop_fun();
        let mut last = Ok(Val::Null);
        for output in filter.run((context, cv.1)) {
            last = output;
            if last.is_err() {
                break;
            }
        }
        box_once(last)
    })
    .with_paths(|mut cv| {
        let (filter, context) = cv.0.pop_fun();
        let mut last = Ok((Val::Null, Default::default()));
        for output in filter.paths((context, cv.1)) {
            last = output;
            if last.is_err() {
                break;
            }
        }
        box_once(last)
    })
}

/// The outputs of the first filter; when it fails, those of the second from there on.
const fn otherwise() -> Native<Kind> {
    macro_rules! either {
        ($cv:ident, $run:ident) => {{
            let (second, first) = ($cv.0.pop_fun(), $cv.0.pop_fun());
            let input = $cv.1;
            let mut outputs = first.0.$run((first.1, input.clone()));
            let mut other = Some((second, input));
            Box::new(std::iter::from_fn(move || match outputs.next()? {
                Err(exception) if other.is_some() => match exception.get_err() {
                    Ok(_) => {
                        let (second, input) = other.take()?;
                        outputs = second.0.$run((second.1, input));
                        outputs.next()
                    }
                    Err(exception) => Some(Err(exception)),
                },
                output => Some(output),
            }))
        }};
    }
    Native::<Kind>::new(|mut cv| either!(cv, run)).with_paths(|mut cv| either!(cv, paths))
}

/// `paths = values`: for each value, sets it at every path.
fn assign(mut cv: Cv<'_, Kind>) -> ValXs<'_, Val> {
    let (values, paths) = (cv.0.pop_fun(), cv.0.pop_fun());
    let input = cv.1;
    Box::new(values.0.run((values.1, input.clone())).map(move |new| {
        let new = new?;
        let mut result = input.clone();
        for path in paths_of(paths.0, paths.1.clone(), input.clone()) {
            result = set_path(result, &keys(path?)?, new.clone())?;
        }
        Ok(result)
    }))
}

/// `paths |= filter`: replaces the value at every path by the filter's first output; where it has
/// none, the path is deleted in the end.
fn update<'a>(mut cv: Cv<'a, Kind>) -> ValX<'a, Val, Val> {
    let (filter, paths) = (cv.0.pop_fun(), cv.0.pop_fun());
    let mut result = cv.1;
    let mut deleted = Vec::new();
    for path in paths_of(paths.0, paths.1, result.clone()) {
        let path = keys(path?)?;
        let run = |value| filter.0.run((filter.1.clone(), value)).next();
        // What is not there yet is not made when the filter has no output. A slice is a copy.
        let old = get_path(&result, &path)?;
        if matches!(old, Val::Null) || matches!(path.last(), Some(Val::Obj(_))) {
            match run(old).transpose()? {
                Some(new) => result = set_path(result, &path, new)?,
                None => deleted.push(Val::array(path)),
            }
            continue;
        }
        drop(old);
        let mut empty = false;
        result = update_path(result, &path, &mut |old| {
            run(old).unwrap_or_else(|| {
                empty = true;
                Ok(Val::Null)
            })
        })?;
        if empty {
            deleted.push(Val::array(path));
        }
    }
    Ok(delete_paths(result, deleted)?)
}

/// `foreach` whose update may have any number of outputs: `!foreach(xs; init; update; extract)`,
/// where update and extract get the state and the element as an array. Each output is the next
/// state; without one it is null.
fn foreach(mut cv: Cv<'_, Kind>) -> ValXs<'_, Val> {
    let extract = cv.0.pop_fun();
    let update = cv.0.pop_fun();
    let init = cv.0.pop_fun();
    let elements = cv.0.pop_fun();
    let input = cv.1;
    let outputs = init.0.run((init.1, input.clone())).flat_map(move |state| {
        let (update, extract) = (update.clone(), extract.clone());
        let state = match state {
            Ok(state) => std::rc::Rc::new(std::cell::RefCell::new(state)),
            Err(exception) => return box_once(Err(exception)),
        };
        let elements = elements.0.run((elements.1.clone(), input.clone()));
        let outputs: ValXs<'_, Val> = Box::new(elements.flat_map(move |element| {
            let element = match element {
                Ok(element) => element,
                Err(exception) => return box_once(Err(exception)),
            };
            let old = state.replace(Val::Null);
            let pair = Val::array([old, element.clone()]);
            let (state, extract) = (state.clone(), extract.clone());
            let states = update.0.run((update.1.clone(), pair));
            let outputs: ValXs<'_, Val> = Box::new(states.flat_map(move |new| match new {
                Ok(new) => {
                    state.replace(new.clone());
                    let pair = Val::array([new, element.clone()]);
                    extract.0.run((extract.1.clone(), pair))
                }
                Err(exception) => box_once(Err(exception)),
            }));
            outputs
        }));
        outputs
    });
    Box::new(outputs)
}
