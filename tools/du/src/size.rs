//! Sizes in words, and words as sizes.

/// The letters of units, each the next power.
const LETTERS: &[u8; 8] = b"KMGTPEZY";

/// The unit in which sizes are printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unit {
    /// So many bytes, and letters behind the number.
    Bytes(u64, String),
    /// The largest in which the number has a digit before its point: powers of 1024 or 1000.
    Human(u64),
}

impl Unit {
    /// Returns a size, rounded up.
    pub(crate) fn show(&self, size: u64) -> String {
        match self {
            Self::Bytes(unit, letters) => format!("{}{letters}", size.div_ceil((*unit).max(1))),
            Self::Human(base) => human(size, (*base).max(2)),
        }
    }

    /// Reads the value of `-B`: a number, a unit, or both. A unit alone is printed behind sizes.
    pub(crate) fn parse(written: &str) -> Option<Self> {
        match written {
            "human-readable" => return Some(Self::Human(1024)),
            "si" => return Some(Self::Human(1000)),
            _ => {}
        }
        let unit = bytes(written).filter(|unit| *unit > 0)?;
        let letters = match written {
            "KB" | "kB" => "kB".to_owned(),
            sized if sized.starts_with(|char: char| char.is_ascii_digit()) => String::new(),
            letter if letter.len() == 1 => letter.to_ascii_uppercase(),
            letters => letters.to_owned(),
        };
        Some(Self::Bytes(unit, letters))
    }
}

/// Reads a size: a number, a unit such as `K`, `KiB` or `kB`, or both.
pub(crate) fn bytes(written: &str) -> Option<u64> {
    let digits = written
        .find(|char: char| !char.is_ascii_digit())
        .unwrap_or(written.len());
    let (number, unit) = written.split_at_checked(digits)?;
    let number = match number {
        "" if unit.is_empty() => return None,
        "" => 1,
        number => number.parse::<u64>().ok()?,
    };
    let base: u64 = match unit.as_bytes() {
        [] => return Some(number),
        [_] | [_, b'i', b'B'] => 1024,
        [_, b'B'] => 1000,
        _ => return None,
    };
    let letter = unit.as_bytes().first()?.to_ascii_uppercase();
    let power = LETTERS.iter().position(|known| *known == letter)?;
    let power = u32::try_from(power).ok()?.saturating_add(1);
    number.checked_mul(base.checked_pow(power)?)
}

/// Returns a size with at most three digits: `4.0K`, `12K`, `1.5M`, rounded up.
fn human(size: u64, base: u64) -> String {
    let letters = LETTERS.iter().map(|letter| match (letter, base) {
        (b'K', 1000) => 'k',
        (letter, _) => char::from(*letter),
    });
    let mut unit: u64 = 1;
    let mut shown = size.to_string();
    let mut whole = size;
    for letter in letters {
        if whole < base {
            break;
        }
        let Some(larger) = unit.checked_mul(base) else {
            break;
        };
        unit = larger;
        whole = size.div_ceil(unit);
        let tenths = u128::from(size)
            .saturating_mul(10)
            .div_ceil(u128::from(unit));
        shown = if tenths < 100 {
            format!("{}.{}{letter}", tenths / 10, tenths % 10)
        } else {
            format!("{whole}{letter}")
        };
    }
    shown
}
