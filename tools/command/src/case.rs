//! Capitals and small letters as C's `towupper` and `towlower` know them: one character for one.

/// The capital of a character; the character itself where that takes several, as for `ß`.
pub fn upper(char: char) -> char {
    one(char.to_uppercase()).unwrap_or(char)
}

/// The small letter of a character; the character itself where that takes several.
pub fn lower(char: char) -> char {
    one(char.to_lowercase()).unwrap_or(char)
}

fn one(mut chars: impl Iterator<Item = char>) -> Option<char> {
    chars.next().filter(|_| chars.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::{lower, upper};

    #[test]
    fn a_character_stays_one() {
        assert_eq!(
            ['a', 'é', 'ß', 'ŉ', '1'].map(upper),
            ['A', 'É', 'ß', 'ŉ', '1']
        );
        assert_eq!(['A', 'É', 'İ', '1'].map(lower), ['a', 'é', 'İ', '1']);
    }
}
