//! Which element of a changed sequence comes from which of the one before.

use super::node::Node;
use crate::val::Val;

/// Pairs of elements that are compared when elements were added or removed.
const MOST_PAIRS: usize = 4_000_000;

/// For each value the item that it comes from.
pub(super) fn paired(items: &[Node], values: &[Val]) -> Option<Vec<Option<usize>>> {
    if items.len() == values.len() {
        return Some((0..items.len()).map(Some).collect());
    }
    if items.len().saturating_mul(values.len()) > MOST_PAIRS {
        return None;
    }
    // The longest common subsequence, from the end.
    let width = values.len() + 1;
    let mut lengths = vec![0_u32; (items.len() + 1) * width];
    let at = |item: usize, value: usize| item * width + value;
    for (item, node) in items.iter().enumerate().rev() {
        for (value, new) in values.iter().enumerate().rev() {
            let length = if node.value.cmp(new).is_eq() {
                lengths.get(at(item + 1, value + 1))? + 1
            } else {
                *lengths
                    .get(at(item + 1, value))?
                    .max(lengths.get(at(item, value + 1))?)
            };
            *lengths.get_mut(at(item, value))? = length;
        }
    }
    let mut pairs: Vec<Option<usize>> = vec![None; values.len()];
    let (mut item, mut value) = (0, 0);
    while let (Some(node), Some(new)) = (items.get(item), values.get(value)) {
        if node.value.cmp(new).is_eq() {
            *pairs.get_mut(value)? = Some(item);
            item += 1;
            value += 1;
        } else if lengths.get(at(item + 1, value))? >= lengths.get(at(item, value + 1))? {
            item += 1;
        } else {
            value += 1;
        }
    }
    // As many elements as there were between two that stayed: those were changed.
    let (mut item, mut value) = (0, 0);
    while value < values.len() {
        let next = (value..values.len()).find(|value| matches!(pairs.get(*value), Some(Some(_))));
        let next_item = next
            .and_then(|next| *pairs.get(next)?)
            .unwrap_or(items.len());
        let next = next.unwrap_or(values.len());
        if next_item - item == next - value {
            for between in 0..next - value {
                *pairs.get_mut(value + between)? = Some(item + between);
            }
        }
        (item, value) = (next_item + 1, next + 1);
    }
    Some(pairs)
}
