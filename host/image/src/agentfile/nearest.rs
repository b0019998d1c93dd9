//! The name that a mistyped one may mean.

/// Most typos in a word that is still taken for another one.
const MAX_TYPOS: usize = 2;

/// Returns the name closest to `word`, which is the word itself if it is one. The shorter a name,
/// the closer it must be: at most one typo for each `letters` of it. A word that is longer than any
/// name is not compared, because that takes a step for each pair of letters.
pub(super) fn nearest<'a>(
    word: &str,
    names: impl IntoIterator<Item = &'a str>,
    letters: usize,
) -> Option<&'a str> {
    let close = names.into_iter().filter_map(|name| {
        let most = MAX_TYPOS.min(name.len() / letters);
        let is_alike = name.len().abs_diff(word.len()) <= most * char::MAX_LEN_UTF8;
        let typos = is_alike.then(|| strsim::osa_distance(name, word))?;
        (typos <= most).then_some((typos, name))
    });
    close.min_by_key(|(typos, _)| *typos).map(|(_, name)| name)
}
