//! Sizes for people, in the notation of the configuration: `12B`, `1.5KiB`, `64MiB`.

/// The units, from the largest.
const UNITS: [(u64, &str); 4] = [
    (1 << 40, "TiB"),
    (1 << 30, "GiB"),
    (1 << 20, "MiB"),
    (1 << 10, "KiB"),
];

/// A size with one digit after the point, where it is no whole number of its unit.
pub(crate) fn size(bytes: u64) -> String {
    let Some((unit, name)) = UNITS.iter().find(|(unit, _)| bytes >= *unit) else {
        return format!("{bytes}B");
    };
    let whole = bytes / unit;
    match (bytes % unit) * 10 / unit {
        0 => format!("{whole}{name}"),
        tenth => format!("{whole}.{tenth}{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        for (bytes, shown) in [
            (0, "0B"),
            (1023, "1023B"),
            (1536, "1.5KiB"),
            (64 << 20, "64MiB"),
            ((64 << 20) + 1, "64MiB"),
            (3 << 39, "1.5TiB"),
            (u64::MAX, "16777215.9TiB"),
        ] {
            assert_eq!(size(bytes), shown);
        }
    }
}
