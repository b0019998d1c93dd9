//! Times as texts, in the language of C's `strftime` (C locale, UTC).

use super::calendar::{Parts, days};

pub(super) const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

pub(super) fn strftime(parts: &Parts, format: &str) -> String {
    let mut text = String::new();
    let mut rest = format.chars();
    while let Some(char) = rest.next() {
        if char != '%' {
            text.push(char);
            continue;
        }
        let mut letter = rest.next();
        // Flags of the GNU library: no padding, spaces, zeros.
        let flag = letter.filter(|letter| matches!(letter, '-' | '_' | '0'));
        if flag.is_some() {
            letter = rest.next();
        }
        // Alternative forms, which the C locale does not have.
        if matches!(letter, Some('E' | 'O')) {
            letter = rest.next();
        }
        let Some(letter) = letter else {
            text.push('%');
            break;
        };
        match conversion(parts, letter) {
            Some(Converted::Text(converted)) => text.push_str(&converted),
            Some(Converted::Number(number, width, padding)) => {
                let padding = match flag {
                    Some('_') => ' ',
                    Some('0') => '0',
                    _ => padding,
                };
                text.push_str(&match (flag, padding) {
                    (Some('-'), _) => number.to_string(),
                    (_, ' ') => format!("{number:>width$}"),
                    _ => format!("{number:0>width$}"),
                });
            }
            None => {
                text.push('%');
                text.extend(flag);
                text.push(letter);
            }
        }
    }
    text
}

enum Converted {
    Text(String),
    /// A number, its least width and what fills it up.
    Number(i64, usize, char),
}

fn conversion(parts: &Parts, letter: char) -> Option<Converted> {
    use Converted::{Number, Text};
    let name = |names: &[&str], index: i64, length: usize| {
        let name = usize::try_from(index)
            .ok()
            .and_then(|index| names.get(index));
        let name = name.copied().unwrap_or("?");
        Text(
            name.get(..length.min(name.len()))
                .unwrap_or(name)
                .to_owned(),
        )
    };
    let combined = |format: &str| Text(strftime(parts, format));
    #[allow(clippy::cast_possible_truncation, reason = "seconds are small")]
    let second = parts.second.floor() as i64;
    let hour = match parts.hour % 12 {
        0 => 12,
        hour => hour,
    };
    let (iso_year, iso_week) = iso_week(parts);
    Some(match letter {
        'a' => name(&DAYS, parts.weekday, 3),
        'A' => name(&DAYS, parts.weekday, usize::MAX),
        'b' | 'h' => name(&MONTHS, parts.month, 3),
        'B' => name(&MONTHS, parts.month, usize::MAX),
        'c' => combined("%a %b %e %H:%M:%S %Y"),
        'C' => Number(parts.year.div_euclid(100), 2, '0'),
        'd' => Number(parts.day, 2, '0'),
        'D' | 'x' => combined("%m/%d/%y"),
        'e' => Number(parts.day, 2, ' '),
        'F' => combined("%Y-%m-%d"),
        'g' => Number(iso_year.rem_euclid(100), 2, '0'),
        'G' => Number(iso_year, 1, '0'),
        'H' => Number(parts.hour, 2, '0'),
        'I' => Number(hour, 2, '0'),
        'j' => Number(parts.yearday + 1, 3, '0'),
        'k' => Number(parts.hour, 2, ' '),
        'l' => Number(hour, 2, ' '),
        'm' => Number(parts.month + 1, 2, '0'),
        'M' => Number(parts.minute, 2, '0'),
        'n' => Text("\n".to_owned()),
        'p' => Text(if parts.hour < 12 { "AM" } else { "PM" }.to_owned()),
        'P' => Text(if parts.hour < 12 { "am" } else { "pm" }.to_owned()),
        'r' => combined("%I:%M:%S %p"),
        'R' => combined("%H:%M"),
        #[allow(clippy::cast_possible_truncation, reason = "times are far below 2^53")]
        's' => Number(parts.seconds() as i64, 1, '0'),
        'S' => Number(second, 2, '0'),
        't' => Text("\t".to_owned()),
        'T' | 'X' => combined("%H:%M:%S"),
        'u' => Number(if parts.weekday == 0 { 7 } else { parts.weekday }, 1, '0'),
        'U' => Number((parts.yearday + 7 - parts.weekday) / 7, 2, '0'),
        'V' => Number(iso_week, 2, '0'),
        'w' => Number(parts.weekday, 1, '0'),
        'W' => Number((parts.yearday + 7 - (parts.weekday + 6) % 7) / 7, 2, '0'),
        'y' => Number(parts.year.rem_euclid(100), 2, '0'),
        'Y' => Number(parts.year, 1, '0'),
        'z' => Text("+0000".to_owned()),
        'Z' => Text("UTC".to_owned()),
        '%' => Text("%".to_owned()),
        _ => return None,
    })
}

/// Year and week of ISO 8601: a week belongs to the year of its Thursday.
fn iso_week(parts: &Parts) -> (i64, i64) {
    let from_monday = (parts.weekday + 6) % 7;
    let thursday = parts.yearday - from_monday + 3;
    let length = |year: i64| days(year + 1, 0, 1) - days(year, 0, 1);
    let (year, thursday) = match thursday {
        day if day < 0 => (parts.year - 1, day + length(parts.year - 1)),
        day if day >= length(parts.year) => (parts.year + 1, day - length(parts.year)),
        day => (parts.year, day),
    };
    (year, thursday / 7 + 1)
}
