//! Reading and setting at paths, as jq does: through null an object or an array is made, and arrays
//! are filled up with null.

use std::rc::Rc;

use super::access::{bounds, get};
use super::value::{Error, Val, error};

/// The longest array that is filled up with null.
const LONGEST_ARRAY: usize = 1 << 24;

/// The value at a path; below null everything is null.
pub(crate) fn get_path(value: &Val, path: &[Val]) -> Result<Val, Error> {
    let mut value = value.clone();
    for key in path {
        if matches!(value, Val::Null) {
            return Ok(Val::Null);
        }
        value = get(&value, key)?;
    }
    Ok(value)
}

/// Sets the value at a path.
pub(crate) fn set_path(value: Val, path: &[Val], new: Val) -> Result<Val, Error> {
    update_path(value, path, &mut |_| Ok::<_, Error>(new.clone()))
}

/// Replaces the value at a path by what `change` makes of it.
pub(crate) fn update_path<E: From<Error>>(
    value: Val,
    path: &[Val],
    change: &mut dyn FnMut(Val) -> Result<Val, E>,
) -> Result<Val, E> {
    let Some((key, rest)) = path.split_first() else {
        return change(value);
    };
    match (value, key) {
        (Val::Null, Val::Str(name)) => {
            let new = update_path(Val::Null, rest, change)?;
            Ok(Val::object([(name.clone(), new)]))
        }
        (Val::Obj(mut fields), Val::Str(name)) => {
            let all = Rc::make_mut(&mut fields);
            // Taken out, so that it is changed in its place.
            let old = all
                .get_mut(name)
                .map_or(Val::Null, |old| std::mem::replace(old, Val::Null));
            let new = update_path(old, rest, change)?;
            match all.get_mut(name) {
                Some(old) => *old = new,
                None => drop(all.insert(name.clone(), new)),
            }
            Ok(Val::Obj(fields))
        }
        (Val::Null, Val::Num(..)) => update_path(Val::array([]), path, change),
        (Val::Arr(mut values), Val::Num(index, _)) => {
            let index = position(values.len(), *index)?;
            let all = Rc::make_mut(&mut values);
            if index >= all.len() {
                all.resize(index + 1, Val::Null);
            }
            let Some(slot) = all.get_mut(index) else {
                return Ok(Val::Arr(values));
            };
            let old = std::mem::replace(slot, Val::Null);
            *slot = update_path(old, rest, change)?;
            Ok(Val::Arr(values))
        }
        (Val::Null, Val::Obj(_)) => {
            let new = update_path(Val::Null, rest, change)?;
            match new {
                Val::Arr(new) => Ok(Val::Arr(new)),
                _ => Err(no_slice().into()),
            }
        }
        (Val::Arr(mut values), Val::Obj(slice)) => {
            let part = |name: &str| slice.get(name);
            let bounds = bounds("array", values.len(), part("start"), part("end"))?;
            let old = Val::array(values.get(bounds.clone()).unwrap_or_default().to_vec());
            let Val::Arr(new) = update_path(old, rest, change)? else {
                return Err(no_slice().into());
            };
            Rc::make_mut(&mut values).splice(bounds, new.iter().cloned());
            Ok(Val::Arr(values))
        }
        (Val::Arr(_), Val::Arr(_)) => {
            Err(error("Cannot update field at array index of array").into())
        }
        (Val::Str(_), Val::Obj(_)) => Err(error("Cannot update string slices").into()),
        (other, key) => Err(other.no_index(key).into()),
    }
}

fn no_slice() -> Error {
    error("A slice of an array can only be assigned another array")
}

/// An index of an array that may be filled up.
fn position(length: usize, index: f64) -> Result<usize, Error> {
    if index.is_nan() {
        return Err(error("Cannot set array element at NaN index"));
    }
    #[allow(clippy::cast_precision_loss, reason = "arrays are far shorter")]
    let index = if index < 0.0 {
        index.trunc() + length as f64
    } else {
        index
    };
    if index < 0.0 {
        return Err(error("Out of bounds negative array index"));
    }
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is not negative, and too large is checked next"
    )]
    let index = index as usize;
    if index >= LONGEST_ARRAY.max(length) {
        return Err(error(format!(
            "Array index too large: arrays are filled up to {LONGEST_ARRAY} elements"
        )));
    }
    Ok(index)
}
