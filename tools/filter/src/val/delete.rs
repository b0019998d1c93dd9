//! Deleting several paths at once, as jq does: all of them mean places in the value as it was.

use std::rc::Rc;

use super::access::bounds;
use super::value::{Error, Map, Val, error};

/// A path that is still to be walked.
type Path = Vec<Val>;

/// Deletes what is at the paths.
pub(crate) fn delete_paths(value: Val, paths: Vec<Val>) -> Result<Val, Error> {
    let paths: Result<Vec<Path>, Error> = paths
        .into_iter()
        .map(|path| match path {
            Val::Arr(keys) => Ok(keys.to_vec()),
            other => Err(error(format!(
                "Path must be specified as array, not {}",
                other.kind()
            ))),
        })
        .collect();
    let paths = paths?;
    if paths.is_empty() {
        return Ok(value);
    }
    delete(value, paths)
}

fn delete(value: Val, paths: Vec<Path>) -> Result<Val, Error> {
    if paths.iter().any(Vec::is_empty) {
        return Ok(Val::Null);
    }
    match value {
        Val::Null => Ok(Val::Null),
        Val::Obj(mut fields) => {
            delete_fields(Rc::make_mut(&mut fields), paths)?;
            Ok(Val::Obj(fields))
        }
        Val::Arr(mut values) => {
            delete_elements(Rc::make_mut(&mut values), paths)?;
            Ok(Val::Arr(values))
        }
        other => Err(match paths.first().map(Vec::as_slice) {
            Some([key, _, ..]) => other.no_index(key),
            _ => error(format!("Cannot delete fields from {}", other.kind())),
        }),
    }
}

fn no_part(key: &Val, part: &str) -> Error {
    error(format!("Cannot delete {} {part}", key.kind()))
}

fn delete_fields(fields: &mut Map, paths: Vec<Path>) -> Result<(), Error> {
    let mut groups: Vec<(Rc<str>, Vec<Path>)> = Vec::new();
    for mut path in paths {
        let rest = path.split_off(1);
        let name = match path.pop() {
            Some(Val::Str(name)) => name,
            Some(key) if rest.is_empty() => return Err(no_part(&key, "field of object")),
            Some(key) => return Err(Val::object::<&str>([]).no_index(&key)),
            None => continue,
        };
        match groups.iter_mut().find(|(other, _)| *other == name) {
            Some((_, rests)) => rests.push(rest),
            None => groups.push((name, vec![rest])),
        }
    }
    for (name, rests) in groups {
        if rests.iter().any(Vec::is_empty) {
            fields.shift_remove(&name);
        } else if let Some(field) = fields.get_mut(&name) {
            *field = delete(std::mem::replace(field, Val::Null), rests)?;
        }
    }
    Ok(())
}

fn delete_elements(values: &mut Vec<Val>, paths: Vec<Path>) -> Result<(), Error> {
    let length = values.len();
    let mut groups: Vec<Vec<Path>> = vec![Vec::new(); length];
    for path in paths {
        spread(0..length, path, &mut groups)?;
    }
    let mut kept = Vec::with_capacity(length);
    for (value, rests) in std::mem::take(values).into_iter().zip(groups) {
        if rests.iter().any(Vec::is_empty) {
            continue;
        }
        kept.push(if rests.is_empty() {
            value
        } else {
            delete(value, rests)?
        });
    }
    *values = kept;
    Ok(())
}

/// Gives the rest of a path to the elements that it means. A path through a slice means elements of
/// the array that the slice is of.
fn spread(
    part: std::ops::Range<usize>,
    mut path: Path,
    groups: &mut [Vec<Path>],
) -> Result<(), Error> {
    let rest = path.split_off(1);
    match path.pop() {
        Some(Val::Num(index, _)) => {
            #[allow(clippy::cast_precision_loss, reason = "lengths are far below 2^53")]
            let index = if index < 0.0 {
                (index + part.len() as f64).floor()
            } else {
                index.floor()
            };
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_precision_loss,
                clippy::cast_sign_loss,
                reason = "it is in the range"
            )]
            if index >= 0.0 && index < part.len() as f64 {
                let group = groups.get_mut(part.start + index as usize);
                group.into_iter().for_each(|group| group.push(rest.clone()));
            }
            Ok(())
        }
        Some(Val::Obj(slice)) => {
            let within = bounds("array", part.len(), slice.get("start"), slice.get("end"))?;
            let within = part.start + within.start..part.start + within.end;
            if rest.is_empty() {
                let groups = groups.get_mut(within).unwrap_or_default();
                groups.iter_mut().for_each(|group| group.push(Vec::new()));
                Ok(())
            } else {
                spread(within, rest, groups)
            }
        }
        Some(key) if rest.is_empty() => Err(no_part(&key, "element of array")),
        Some(key) => Err(Val::array([]).no_index(&key)),
        None => Ok(()),
    }
}
