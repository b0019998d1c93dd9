//! Parts of sentences about components, of bounded length: names in a component are as long and as
//! many as its author likes.

use std::borrow::Cow;

/// The most bytes of one name that a sentence shows. The longest of WASI has half of it.
const MAX_NAME: usize = 128;

/// The most bytes of an error of the engine that a sentence shows.
const MAX_PROBLEM: usize = 1 << 10;

/// Names that a sentence lists: enough to see what is wrong.
const MAX_LISTED: usize = 5;

/// Returns a name as it is shown, cut where it is long.
pub(crate) fn cut(name: &str) -> Cow<'_, str> {
    shortened(name, MAX_NAME)
}

/// Returns an error of the engine or of a parser as it is shown: it may repeat names.
pub(crate) fn problem(error: &impl ToString) -> String {
    shortened(&error.to_string(), MAX_PROBLEM).into_owned()
}

/// Lists the first of the names, each cut, and says how many more there are.
pub(crate) fn names(names: &[String]) -> String {
    listed(
        names.iter().map(|name| cut(name).into_owned()),
        names.len(),
        ", ",
    )
}

/// Lists the first of `total` parts, and says how many more there are.
pub(crate) fn listed(parts: impl Iterator<Item = String>, total: usize, separator: &str) -> String {
    let mut listed = parts.take(MAX_LISTED).collect::<Vec<_>>().join(separator);
    let more = total.saturating_sub(MAX_LISTED);
    if more > 0 {
        listed.push_str(&format!("{separator}and {more} more"));
    }
    listed
}

fn shortened(text: &str, most: usize) -> Cow<'_, str> {
    match text
        .get(..text.floor_char_boundary(most))
        .unwrap_or_default()
    {
        whole if whole.len() == text.len() => whole.into(),
        beginning => format!("{beginning}…").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_short_however_many_and_long_the_names_are() {
        let of = |name: &str, count: usize| names(&vec![name.to_owned(); count]);
        assert_eq!(of("a", 2), "a, a");
        assert_eq!(of("a", 7), "a, a, a, a, a, and 2 more");
        let listed = of(&"é".repeat(1_000), 1_000);
        assert!(
            listed.len() < 800 && listed.ends_with("…, and 995 more"),
            "{listed}"
        );
    }
}
