//! The name that a mistyped one may mean.

/// Most typos in a word that is still taken for another one.
const MOST_TYPOS: usize = 2;

/// Names that are looked at: the work for a very long list stays small.
const MOST_NAMES: usize = 1_000;

/// Returns the name closest to `word`: the only one that begins with it, or else one that a typo or
/// two made of it.
pub(crate) fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let names: Vec<_> = names.into_iter().take(MOST_NAMES).collect();
    let mut begun = names.iter().filter(|name| name.starts_with(word));
    if let (false, Some(name), None) = (word.is_empty(), begun.next(), begun.next()) {
        return Some(name);
    }
    let close = names.into_iter().filter_map(|name| {
        // The shorter a name, the closer it must be.
        let most = MOST_TYPOS.min(name.chars().count() / 2);
        let is_alike = name.len().abs_diff(word.len()) <= most * char::MAX_LEN_UTF8;
        let typos = is_alike.then(|| strsim::osa_distance(name, word))?;
        (typos <= most).then_some((typos, name))
    });
    close.min_by_key(|(typos, _)| *typos).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_or_a_beginning_means_a_name() {
        let names = ["session", "tools", "cost", "quit", "nightly-1"];
        assert_eq!(nearest("sesion", names), Some("session"));
        assert_eq!(nearest("tolos", names), Some("tools"));
        assert_eq!(nearest("q", names), Some("quit"));
        assert_eq!(nearest("nightly", names), Some("nightly-1"));
        assert_eq!(nearest("", names), None);
        assert_eq!(nearest("unlike", names), None);
        assert_eq!(nearest("c", ["cost", "cancel"]), None);
        assert_eq!(nearest("b", ["a"]), None);
    }
}
