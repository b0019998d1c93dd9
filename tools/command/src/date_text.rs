//! Dates in words, where the parser of uutils differs from GNU's.

/// Units behind which `hence` says nothing that would not be so without it.
const UNITS: [&str; 9] = [
    "year",
    "month",
    "fortnight",
    "week",
    "day",
    "hour",
    "minute",
    "min",
    "second",
];

/// Days of the week, by the letters that name them.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Months, by the letters that name them.
const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// Words that tell which of the days of a name is meant.
const ORDINALS: [&str; 14] = [
    "last", "this", "next", "first", "third", "fourth", "fifth", "sixth", "seventh", "eighth",
    "ninth", "tenth", "eleventh", "twelfth",
];

/// Names of zones that GNU's program takes for a difference to UTC all year. The parser of uutils
/// takes them for a place with summer time, for another zone or for none.
const ZONES: [(&str, &str); 11] = [
    ("WET", "UTC+0"),
    ("WEST", "UTC+1"),
    ("BST", "UTC+1"),
    ("CET", "UTC+1"),
    ("MET", "UTC+1"),
    ("EET", "UTC+2"),
    ("GST", "UTC+10"),
    ("ADT", "UTC-3"),
    ("AST", "UTC-4"),
    ("HADT", "UTC-9"),
    ("HAST", "UTC-10"),
];

/// A date in words, as the parser of uutils understands it: without `hence` behind a unit, without
/// the name of a day beside a date, which does not count for GNU's, and with the difference to UTC
/// in the place of some names of zones.
pub fn date_text(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let has_date = has_date(&words);
    let mut kept: Vec<&str> = Vec::new();
    for word in words {
        let bare = word.trim_end_matches([',', '.']).to_lowercase();
        if bare == "hence" && kept.last().is_some_and(|before| is_unit(before)) {
            continue;
        }
        if has_date && is_day(&bare) {
            if kept
                .last()
                .is_some_and(|before| ORDINALS.contains(&before.to_lowercase().as_str()))
            {
                kept.pop();
            }
            continue;
        }
        let zone = ZONES
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(word));
        kept.push(zone.map_or(word, |(_, difference)| *difference));
    }
    kept.join(" ")
}

fn is_unit(word: &str) -> bool {
    let word = word
        .trim_start_matches(|char: char| char.is_ascii_digit() || matches!(char, '+' | '-'))
        .to_lowercase();
    let word = word.strip_suffix('s').unwrap_or(&word);
    UNITS.contains(&word) || word == "sec"
}

fn is_day(word: &str) -> bool {
    word.get(..3).is_some_and(|start| DAYS.contains(&start))
        && (word.len() == 3
            || word.ends_with("day")
            || matches!(word, "tues" | "wednes" | "thur" | "thurs"))
}

/// Returns true if one of the words is a date: `2024-03-15`, `3/15`, `20240315`, or a month beside
/// a day.
fn has_date(words: &[&str]) -> bool {
    let is_number = |word: &str| {
        let word = word.trim_end_matches(',');
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
    };
    words.iter().enumerate().any(|(at, word)| {
        let lower = word.to_lowercase();
        let separated = |separator: char| {
            let mut parts = lower.split('t').next().unwrap_or_default().split(separator);
            parts.clone().count() >= 2
                && parts.all(|part| is_number(part) || is_month(part))
                && lower.starts_with(|char: char| char.is_ascii_digit())
        };
        let beside_number = [at.checked_sub(1), Some(at + 1)]
            .into_iter()
            .flatten()
            .any(|at| words.get(at).is_some_and(|word| is_number(word)));
        separated('-')
            || separated('/')
            || (is_number(word) && word.len() == 8)
            || (is_month(&lower) && beside_number)
    })
}

fn is_month(word: &str) -> bool {
    let word = word.trim_end_matches([',', '.']);
    word.get(..3).is_some_and(|start| MONTHS.contains(&start))
        && word.bytes().all(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::date_text;

    #[test]
    fn words_are_as_the_parser_understands_them() {
        for (text, expected) in [
            ("2024-03-15 2 months hence", "2024-03-15 2 months"),
            ("hence", "hence"),
            ("2024-03-15 next friday", "2024-03-15"),
            (
                "Thu, 15 Mar 2024 00:00:00 +0000",
                "15 Mar 2024 00:00:00 +0000",
            ),
            ("next friday", "next friday"),
            ("friday 12:00", "friday 12:00"),
            ("2 days ago", "2 days ago"),
            ("Fri Mar 15 12:34:56 UTC 2024", "Mar 15 12:34:56 UTC 2024"),
            ("2024-03-15T12:00:00Z sun", "2024-03-15T12:00:00Z"),
            ("2024-07-01 10:00 CET", "2024-07-01 10:00 UTC+1"),
            ("10:00 bst 2024-07-01", "10:00 UTC+1 2024-07-01"),
            ("2024-07-01 10:00 EST", "2024-07-01 10:00 EST"),
        ] {
            assert_eq!(date_text(text), expected);
        }
    }
}
