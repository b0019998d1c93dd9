//! Sorting, grouping, the least and the greatest.

use std::rc::Rc;

use jaq_core::box_iter::box_once;
use jaq_core::native::run;
use jaq_core::{Bind, Cv, Exn, ValX};

use super::native::{Filter, nullary, unary};
use crate::data::Kind;
use crate::val::{Error, Val, error, get, indices};

pub(super) fn all() -> Vec<Filter> {
    let f = || [Bind::Fun(())].into();
    vec![
        nullary!("sort", |value| {
            let mut values = elements(value)?;
            values.sort();
            Ok(Val::array(values))
        }),
        nullary!("unique", |value| {
            let mut values = elements(value)?;
            values.sort();
            values.dedup_by(|later, earlier| (*later).cmp(earlier).is_eq());
            Ok(Val::array(values))
        }),
        nullary!("min", |value| {
            let least = elements(value)?.into_iter().min();
            Ok(least.unwrap_or(Val::Null))
        }),
        nullary!("max", |value| {
            let greatest = elements(value)?.into_iter().max();
            Ok(greatest.unwrap_or(Val::Null))
        }),
        nullary!("transpose", |value| transpose(&value)),
        unary!("bsearch", bsearch),
        unary!("index", |value, part| Ok(ends(
            &indices(&value, &part)?,
            false
        ))),
        unary!("rindex", |value, part| Ok(ends(
            &indices(&value, &part)?,
            true
        ))),
        run(("sort_by", f(), |cv| {
            box_once(keyed(cv).map(|pairs| Val::array(pairs.into_iter().map(|pair| pair.1))))
        })),
        run(("group_by", f(), |cv| {
            box_once(grouped(cv).map(|groups| Val::array(groups.into_iter().map(Val::array))))
        })),
        run(("unique_by", f(), |cv| {
            box_once(grouped(cv).map(|groups| {
                let firsts = groups
                    .into_iter()
                    .filter_map(|group| group.into_iter().next());
                Val::array(firsts)
            }))
        })),
        run(("min_by", f(), |cv| {
            box_once(keyed(cv).map(|pairs| {
                let least = pairs.into_iter().next();
                least.map_or(Val::Null, |pair| pair.1)
            }))
        })),
        run(("max_by", f(), |cv| {
            box_once(keyed(cv).map(|mut pairs| pairs.pop().map_or(Val::Null, |pair| pair.1)))
        })),
    ]
}

fn elements(value: Val) -> Result<Vec<Val>, Error> {
    match value {
        Val::Arr(values) => Ok(Rc::try_unwrap(values).unwrap_or_else(|values| (*values).clone())),
        other => Err(error(format!(
            "{} cannot be sorted, as it is not an array",
            other.named()
        ))),
    }
}

/// The elements of the input with the outputs of a filter for each, sorted by these.
fn keyed<'a>(mut cv: Cv<'a, Kind>) -> ValX<'a, Vec<(Vec<Val>, Val)>, Val> {
    let (filter, context) = cv.0.pop_fun();
    let mut pairs = Vec::new();
    for value in elements(cv.1)? {
        let key: Result<Vec<Val>, Exn<'a, Val>> =
            filter.run((context.clone(), value.clone())).collect();
        pairs.push((key?, value));
    }
    pairs.sort_by(|left, right| left.0.cmp(&right.0));
    Ok(pairs)
}

fn grouped<'a>(cv: Cv<'a, Kind>) -> ValX<'a, Vec<Vec<Val>>, Val> {
    let mut groups: Vec<(Vec<Val>, Vec<Val>)> = Vec::new();
    for (key, value) in keyed(cv)? {
        match groups.last_mut() {
            Some((last, group)) if Vec::cmp(last, &key).is_eq() => group.push(value),
            _ => groups.push((key, vec![value])),
        }
    }
    Ok(groups.into_iter().map(|(_, group)| group).collect())
}

fn transpose(value: &Val) -> Result<Val, Error> {
    let Val::Arr(rows) = value else {
        return Err(value.no_iteration());
    };
    let mut width = 0;
    for row in rows.iter() {
        match row {
            Val::Arr(cells) => width = width.max(cells.len()),
            other => return Err(other.no_index(&Val::from(0_usize))),
        }
    }
    let cell = |row: &Val, column: usize| get(row, &Val::from(column));
    let column = |column: usize| -> Result<Val, Error> {
        let cells: Result<Vec<Val>, Error> = rows.iter().map(|row| cell(row, column)).collect();
        cells.map(Val::array)
    };
    (0..width).map(column).collect()
}

/// The index of a value in a sorted array; -1 less the index where it would have to stand, if it
/// is not there.
fn bsearch(value: Val, target: Val) -> Result<Val, Error> {
    if matches!(value, Val::Null) {
        return Ok(Val::from(-1.0));
    }
    let Val::Arr(values) = &value else {
        return Err(error(format!("{} cannot be searched from", value.named())));
    };
    #[allow(clippy::cast_precision_loss, reason = "lengths are far below 2^53")]
    Ok(match values.binary_search_by(|other| other.cmp(&target)) {
        Ok(index) => Val::from(index),
        Err(index) => Val::from(-1.0 - index as f64),
    })
}

/// The first or the last element of an array, null if there is none.
fn ends(indices: &Val, last: bool) -> Val {
    match indices {
        Val::Arr(indices) if last => indices.last().cloned().unwrap_or(Val::Null),
        Val::Arr(indices) => indices.first().cloned().unwrap_or(Val::Null),
        _ => Val::Null,
    }
}
