//! Bytes as hexadecimal digits.

/// The digits, two for each byte, in lower case.
pub(super) fn encode(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// The bytes of such digits; none for another text.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| {
        let digit = char::from(*byte).to_digit(16)?;
        (!byte.is_ascii_uppercase())
            .then(|| u8::try_from(digit).ok())
            .flatten()
    };
    let digits: Vec<u8> = text.as_bytes().iter().map(digit).collect::<Option<_>>()?;
    digits
        .chunks(2)
        .map(|two| match two {
            [high, low] => Some(high << 4 | low),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(decode(&encode(&bytes)), Some(bytes));
        for wrong in ["0", "0g", "AA", "é0"] {
            assert_eq!(decode(wrong), None, "{wrong}");
        }
    }
}
