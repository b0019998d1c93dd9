//! The order of subscripts and values: `PROCINFO["sorted_in"]`, `asort` and `asorti`.

use std::cmp::Ordering;

use cofferdam_command::Stop;

use super::Machine;
use crate::files::readable;
use crate::number;
use crate::op::{Variable, slot};
use crate::value::{Text, Value};

/// Key by which elements are sorted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    SubscriptText,
    SubscriptNumber,
    ValueText,
    ValueNumber,
    ValueType,
}

/// An order, and whether it runs backwards.
#[derive(Clone, Copy)]
struct Order {
    by: By,
    descending: bool,
}

impl Machine<'_, '_> {
    /// The subscripts of an array, in the order in which `for` goes through them.
    pub(super) fn keys(&mut self, array: Variable) -> Result<Vec<Text>, Stop> {
        let array = self.array(array)?;
        let order = self.for_order()?;
        let array = array.borrow();
        let Some(order) = order else {
            return Ok(array.keys().cloned().collect());
        };
        let elements = array
            .iter()
            .map(|(key, value)| (key.clone(), value.clone()));
        let mut elements: Vec<_> = elements.collect();
        self.sort(&mut elements, order);
        Ok(elements.into_iter().map(|(key, _)| key).collect())
    }

    fn for_order(&self) -> Result<Option<Order>, Stop> {
        let Value::Array(info) = self.global(slot::PROCINFO) else {
            return Ok(None);
        };
        let order = info.borrow().get(b"sorted_in".as_slice()).cloned();
        match order.map(|order| readable(&self.text(&order))).as_deref() {
            None | Some("" | "@unsorted") => Ok(None),
            Some(name) => order_named(name, "PROCINFO[\"sorted_in\"]").map(Some),
        }
    }

    fn sort(&self, elements: &mut [(Text, Value)], order: Order) {
        let text = |value: &Value| self.text(value);
        let subscript = |key: &Text| number::prefix(key);
        let compare_numbers = |one: f64, two: f64| one.partial_cmp(&two).unwrap_or(Ordering::Equal);
        elements.sort_by(|(key, value), (other_key, other)| {
            let ordering = match order.by {
                By::SubscriptText => key.cmp(other_key),
                By::SubscriptNumber => compare_numbers(subscript(key), subscript(other_key))
                    .then_with(|| key.cmp(other_key)),
                By::ValueText => text(value).cmp(&text(other)),
                By::ValueNumber => compare_numbers(value.to_number(), other.to_number())
                    .then_with(|| text(value).cmp(&text(other))),
                // Numbers come before texts.
                By::ValueType => other.is_numeric().cmp(&value.is_numeric()).then_with(|| {
                    let format = &self.settings.convfmt;
                    value
                        .compare(other, format, false)
                        .unwrap_or(Ordering::Equal)
                }),
            };
            // What is equal stays in the order of its subscripts.
            let ordering = ordering.then_with(|| {
                compare_numbers(subscript(key), subscript(other_key))
                    .then_with(|| key.cmp(other_key))
            });
            if order.descending {
                ordering.reverse()
            } else {
                ordering
            }
        });
    }

    /// `asort(from, to, order)`: values, or subscripts for asorti, under 1, 2, 3 and so on.
    pub(super) fn asort(&mut self, values: &[Value], subscripts: bool) -> Result<Value, Stop> {
        let [Value::Array(from), rest @ ..] = values else {
            return Ok(Value::Unset);
        };
        let to = match rest.first() {
            Some(Value::Array(to)) => to,
            _ => from,
        };
        let name = if subscripts { "asorti" } else { "asort" };
        let order = match rest.get(1).map(|order| readable(&self.text(order))) {
            Some(order) => order_named(&order, name)?,
            None if subscripts => order_named("@ind_str_asc", name)?,
            None => order_named("@val_type_asc", name)?,
        };
        let mut elements: Vec<_> = {
            let from = from.borrow();
            let elements = from.iter().map(|(key, value)| (key.clone(), value.clone()));
            elements.collect()
        };
        self.sort(&mut elements, order);
        let mut to = to.borrow_mut();
        to.clear();
        for (number, (key, value)) in (1_usize..).zip(elements) {
            let value = if subscripts { Value::Text(key) } else { value };
            to.insert(number.to_string().as_bytes().into(), value);
        }
        Ok(Value::count(to.len()))
    }
}

fn order_named(name: &str, place: &str) -> Result<Order, Stop> {
    let (by, way) = name.rsplit_once('_').unwrap_or((name, ""));
    let by = match by {
        "@ind_str" => By::SubscriptText,
        "@ind_num" => By::SubscriptNumber,
        "@val_str" => By::ValueText,
        "@val_num" => By::ValueNumber,
        "@val_type" => By::ValueType,
        _ => return Err(unknown_order(name, place)),
    };
    let descending = match way {
        "asc" => false,
        "desc" => true,
        _ => return Err(unknown_order(name, place)),
    };
    Ok(Order { by, descending })
}

fn unknown_order(name: &str, place: &str) -> Stop {
    Stop::new(format!(
        "{place}: {name:?} is no order; there are @ind_str, @ind_num, @val_str, @val_num and \
         @val_type, each with _asc or _desc"
    ))
}
