//! Times as text.

/// A time as people write it, in UTC.
pub(crate) fn when(unix_seconds: i64) -> String {
    /// The last second of the year 9999, the last that has a form (RFC 3339).
    const LAST: u64 = 253_402_300_799;
    let seconds = u64::try_from(unix_seconds).unwrap_or(0);
    if seconds > LAST {
        return format!("{unix_seconds} s after 1970");
    }
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
    humantime::format_rfc3339_seconds(time).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_a_time() {
        assert_eq!(when(253_402_300_799), "9999-12-31T23:59:59Z");
        assert_eq!(when(253_402_300_800), "253402300800 s after 1970");
        assert_eq!(when(i64::MIN), "1970-01-01T00:00:00Z");
        assert!(when(i64::MAX).starts_with("9223372036854775807"));
    }
}
