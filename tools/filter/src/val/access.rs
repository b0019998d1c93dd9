//! Fields, elements and slices: how the engine looks into values.

use std::rc::Rc;

use jaq_core::box_iter::BoxIter;
use jaq_core::path::Opt;
use jaq_core::val::{Range, ValR, ValX};

use super::merge;
use super::value::{Error, Map, Val, error};

/// The value at a key: a field, an element, a slice, or where another array occurs.
pub(crate) fn get(value: &Val, key: &Val) -> Result<Val, Error> {
    match (value, key) {
        (Val::Obj(fields), Val::Str(name)) => Ok(fields.get(name).cloned().unwrap_or(Val::Null)),
        (Val::Arr(values), Val::Num(index, _)) => Ok(element(values, *index)),
        (Val::Null, Val::Str(_) | Val::Num(..) | Val::Null | Val::Obj(_)) => Ok(Val::Null),
        (Val::Arr(_) | Val::Str(_), Val::Obj(part)) => {
            let bound = |name: &str| part.get(name).filter(|bound| **bound != Val::Null);
            slice(value, bound("start"), bound("end"))
        }
        (Val::Arr(values), Val::Arr(part)) => Ok(merge::occurrences(values, part)),
        _ => Err(value.no_index(key)),
    }
}

fn slice(value: &Val, start: Option<&Val>, end: Option<&Val>) -> Result<Val, Error> {
    match value {
        Val::Null => Ok(Val::Null),
        Val::Arr(values) => {
            let bounds = bounds("array", values.len(), start, end)?;
            Ok(Val::array(values.get(bounds).unwrap_or_default().to_vec()))
        }
        Val::Str(text) => {
            let bounds = bounds("string", text.chars().count(), start, end)?;
            let part = text.chars().skip(bounds.start).take(bounds.len());
            Ok(Val::text(part.collect::<String>()))
        }
        other => Err(other.no_index(&Val::object::<&str>([]))),
    }
}

/// The indices at which a value occurs in another: an array or an element in an array, a text in
/// a text (counted in bytes, as jq counts).
pub(crate) fn indices(value: &Val, part: &Val) -> Result<Val, Error> {
    match (value, part) {
        (Val::Null, _) => Ok(Val::Null),
        (Val::Arr(values), Val::Arr(part)) => Ok(merge::occurrences(values, part)),
        (Val::Arr(values), part) => Ok(Val::array(
            values
                .iter()
                .enumerate()
                .filter(|(_, value)| *value == part)
                .map(|(index, _)| Val::from(index)),
        )),
        (Val::Str(_), Val::Str(part)) if part.is_empty() => Ok(Val::array([])),
        (Val::Str(text), Val::Str(part)) => {
            let starts = text.char_indices().map(|(at, _)| at);
            Ok(Val::array(
                starts
                    .filter(|at| {
                        text.get(*at..)
                            .is_some_and(|rest| rest.starts_with(&**part))
                    })
                    .map(Val::from),
            ))
        }
        (value, part) => get(value, part),
    }
}

/// An element, counted from the end where the index is negative; the index is rounded down.
fn element(values: &[Val], index: f64) -> Val {
    if index.is_nan() {
        return Val::Null;
    }
    let index = index.floor();
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "an index that is too large is beyond the end all the same"
    )]
    let index = if index < 0.0 {
        let index = index + values.len() as f64;
        if index < 0.0 {
            return Val::Null;
        }
        index as usize
    } else {
        index as usize
    };
    values.get(index).cloned().unwrap_or(Val::Null)
}

/// The elements of a slice: the start is rounded down, the end up, both counted from the end where
/// they are negative.
pub(super) fn bounds(
    kind: &str,
    length: usize,
    start: Option<&Val>,
    end: Option<&Val>,
) -> Result<std::ops::Range<usize>, Error> {
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is clamped to the length"
    )]
    let bound = |bound: Option<&Val>, other: f64, round: fn(f64) -> f64| match bound {
        None | Some(Val::Null) => Ok(other as usize),
        Some(Val::Num(number, _)) if number.is_nan() => Ok(other as usize),
        Some(Val::Num(number, _)) => {
            let number = if *number < 0.0 {
                number + length as f64
            } else {
                *number
            };
            Ok(round(number).clamp(0.0, length as f64) as usize)
        }
        Some(_) => Err(error(format!(
            "Start and end indices of an {kind} slice must be numbers"
        ))),
    };
    #[allow(clippy::cast_precision_loss, reason = "lengths are far below 2^53")]
    let (start, end) = (
        bound(start, 0.0, f64::floor)?,
        bound(end, length as f64, f64::ceil)?,
    );
    Ok(start..end.max(start))
}

type Valued<T> = ValR<T, Val>;

impl jaq_core::ValT for Val {
    fn from_num(spelling: &str) -> ValR<Self> {
        Self::number(spelling).ok_or_else(|| error(format!("{spelling} is no number")))
    }

    fn from_map<I: IntoIterator<Item = (Self, Self)>>(pairs: I) -> ValR<Self> {
        let mut fields = Map::default();
        for (key, value) in pairs {
            let Self::Str(name) = key else {
                return Err(error(format!("Cannot use {} as object key", key.named())));
            };
            fields.insert(name, value);
        }
        Ok(Self::Obj(Rc::new(fields)))
    }

    fn key_values(self) -> BoxIter<'static, Valued<(Self, Self)>> {
        match self {
            Self::Arr(values) => Box::new((0..values.len()).map(move |index| {
                let value = values.get(index).cloned().unwrap_or(Self::Null);
                Ok((Self::from(index), value))
            })),
            Self::Obj(fields) => Box::new((0..fields.len()).map(move |index| {
                let (key, value) = fields
                    .get_index(index)
                    .map_or_else(|| ("".into(), Self::Null), |(k, v)| (k.clone(), v.clone()));
                Ok((Self::Str(key), value))
            })),
            other => Box::new(std::iter::once(Err(other.no_iteration()))),
        }
    }

    fn values(self) -> Box<dyn Iterator<Item = ValR<Self>>> {
        Box::new(self.key_values().map(|pair| pair.map(|(_, value)| value)))
    }

    fn index(self, key: &Self) -> ValR<Self> {
        get(&self, key)
    }

    fn range(self, range: Range<&Self>) -> ValR<Self> {
        slice(&self, range.start, range.end)
    }

    // The filters of updates are our own: none of the three below is ever called.
    fn map_values<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        _: Opt,
        _: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        Err(self.no_iteration().into())
    }

    fn map_index<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        key: &Self,
        _: Opt,
        _: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        Err(self.no_index(key).into())
    }

    fn map_range<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        _: Range<&Self>,
        _: Opt,
        _: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        Err(self.no_iteration().into())
    }

    fn as_bool(&self) -> bool {
        self.is_true()
    }

    fn into_string(self) -> Self {
        Self::Str(self.to_text())
    }
}
