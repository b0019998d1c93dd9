//! Words of the library, for sentences of the host.

/// The most characters of a sentence of the library, which repeats values.
const MAX_SENTENCE: usize = 400;

/// A text on one line, cut where it is long.
pub(super) fn short(text: &str) -> String {
    let line = text.replace(char::is_control, " ");
    let mut characters = line.chars();
    let mut short: String = characters.by_ref().take(MAX_SENTENCE).collect();
    if characters.next().is_some() {
        short.push('…');
    }
    short
}

/// A pointer in words.
pub(super) fn place(pointer: &str) -> String {
    if pointer.is_empty() {
        "at the top".to_owned()
    } else {
        format!("at {}", short(pointer))
    }
}
