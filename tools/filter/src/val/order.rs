//! The order of values: null, false, true, numbers, texts, arrays, objects. `nan` is below every
//! number, itself too, and sorts as equal to itself.

use std::cmp::Ordering;
use std::rc::Rc;

use super::decimal;
use super::value::{Map, Val};

fn rank(value: &Val) -> u8 {
    match value {
        Val::Null => 0,
        Val::Bool(false) => 1,
        Val::Bool(true) => 2,
        Val::Num(..) => 3,
        Val::Str(_) => 4,
        Val::Arr(_) => 5,
        Val::Obj(_) => 6,
    }
}

/// Compares; `same_nan` is how `nan` compares with itself.
fn compare(left: &Val, right: &Val, same_nan: Ordering) -> Ordering {
    match (left, right) {
        (Val::Num(left, spelled), Val::Num(right, other)) => match left.partial_cmp(right) {
            Some(Ordering::Equal) => match (spelled, other) {
                (Some(left), Some(right)) => decimal::compare(left, right),
                _ => Ordering::Equal,
            },
            Some(order) => order,
            None => match (left.is_nan(), right.is_nan()) {
                (true, true) => same_nan,
                (true, false) => Ordering::Less,
                _ => Ordering::Greater,
            },
        },
        (Val::Str(left), Val::Str(right)) => left.cmp(right),
        (Val::Arr(left), Val::Arr(right)) => {
            let mut pairs = left.iter().zip(right.iter());
            pairs
                .find_map(|(left, right)| {
                    let order = compare(left, right, same_nan);
                    order.is_ne().then_some(order)
                })
                .unwrap_or_else(|| left.len().cmp(&right.len()))
        }
        (Val::Obj(left), Val::Obj(right)) => compare_objects(left, right, same_nan),
        _ => rank(left).cmp(&rank(right)),
    }
}

/// First by their sorted keys, then value by value in the order of the keys.
fn compare_objects(left: &Map, right: &Map, same_nan: Ordering) -> Ordering {
    let sorted = |map: &Map| {
        let mut keys: Vec<Rc<str>> = map.keys().cloned().collect();
        keys.sort();
        keys
    };
    let keys = sorted(left);
    keys.cmp(&sorted(right)).then_with(|| {
        keys.iter()
            .filter_map(|key| Some(compare(left.get(key)?, right.get(key)?, same_nan)))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    })
}

impl PartialEq for Val {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Arr(left), Self::Arr(right)) => left == right,
            (Self::Obj(left), Self::Obj(right)) => {
                left.len() == right.len()
                    && left
                        .iter()
                        .all(|(key, value)| right.get(key) == Some(value))
            }
            _ => compare(self, other, Ordering::Less) == Ordering::Equal,
        }
    }
}

impl Eq for Val {}

#[allow(
    clippy::non_canonical_partial_ord_impl,
    reason = "`nan < nan` is true in jq, and sorting needs a total order"
)]
impl PartialOrd for Val {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(compare(self, other, Ordering::Less))
    }
}

impl Ord for Val {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(self, other, Ordering::Equal)
    }
}
