//! The trace that a caller has begun, as W3C Trace Context writes it.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The target of the spans of a turn, a model call and a tool call. The log leaves them out.
pub const SPANS: &str = "cofferdam::spans";

/// Bytes of a `traceparent` of version 00. Later versions may be longer.
const LENGTH: usize = 55;

/// The longest `traceparent` that is read, in bytes: what later versions add is short.
const MAX_LENGTH: usize = 512;

/// The id of a trace: 16 bytes, not all of them 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceId([u8; 16]);

/// The span of a caller, which becomes the parent of what is done for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceParent {
    trace: TraceId,
    span: [u8; 8],
    is_sampled: bool,
}

impl TraceId {
    /// Its bytes.
    pub fn bytes(self) -> [u8; 16] {
        self.0
    }

    /// Reads an id: 32 lowercase hexadecimal digits, not all of them 0.
    pub fn parse(text: &str) -> Option<Self> {
        not_zero(text).map(Self)
    }
}

impl TraceParent {
    /// Reads a `traceparent`. One that is malformed is none: it is ignored, as W3C Trace Context
    /// says.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_LENGTH {
            return None;
        }
        let rest = text.get(LENGTH..)?;
        let mut parts = text.get(..LENGTH)?.split('-');
        let [version] = hex(parts.next()?)?;
        let trace = TraceId::parse(parts.next()?)?;
        let span = not_zero(parts.next()?)?;
        let [flags] = hex(parts.next()?)?;
        let is_known = match version {
            0 => rest.is_empty(),
            0xff => false,
            _ => rest.is_empty() || rest.starts_with('-'),
        };
        (is_known && parts.next().is_none()).then_some(Self {
            trace,
            span,
            is_sampled: flags & 1 == 1,
        })
    }

    /// The trace that the span is in.
    pub fn trace(self) -> TraceId {
        self.trace
    }

    /// The id of the span.
    pub fn span(self) -> [u8; 8] {
        self.span
    }

    /// Returns true if the caller records the trace.
    pub fn is_sampled(self) -> bool {
        self.is_sampled
    }
}

/// Reads as many bytes from lower-case hexadecimal digits, and no more.
fn hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let is_digit = |c: u8| matches!(c, b'0'..=b'9' | b'a'..=b'f');
    if text.len() != N * 2 || !text.bytes().all(is_digit) {
        return None;
    }
    let mut bytes = [0; N];
    for (index, byte) in bytes.iter_mut().enumerate() {
        let digits = text.get(index * 2..index * 2 + 2)?;
        *byte = u8::from_str_radix(digits, 16).ok()?;
    }
    Some(bytes)
}

/// The same, of which not every byte may be 0.
fn not_zero<const N: usize>(text: &str) -> Option<[u8; N]> {
    hex(text).filter(|bytes| bytes.iter().any(|byte| *byte != 0))
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{}-", self.trace)?;
        for byte in self.span {
            write!(f, "{byte:02x}")?;
        }
        write!(f, "-{:02x}", u8::from(self.is_sampled))
    }
}

impl Serialize for TraceId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TraceId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = "expected the id of a trace, 32 hexadecimal digits";
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(wrong))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

    #[test]
    fn a_traceparent_is_read_and_written() {
        let text = format!("00-{TRACE}-b7ad6b7169203331-01");
        let parent = TraceParent::parse(&text).unwrap();
        assert_eq!(parent.to_string(), text);
        assert_eq!(parent.trace().to_string(), TRACE);
        assert!(parent.is_sampled());
        let json = serde_json::to_value(parent.trace()).unwrap();
        assert_eq!(json, TRACE);
        assert_eq!(
            serde_json::from_value::<TraceId>(json).unwrap(),
            parent.trace()
        );
    }

    #[test]
    fn flags_and_versions_that_are_not_known_are_read_as_far_as_they_are() {
        let later = TraceParent::parse(&format!("cc-{TRACE}-b7ad6b7169203331-0a-more")).unwrap();
        assert!(!later.is_sampled());
        assert!(TraceParent::parse(&format!("cc-{TRACE}-b7ad6b7169203331-09")).is_some());
    }

    #[test]
    fn what_is_malformed_is_ignored() {
        let zeros = "0".repeat(32);
        for text in [
            String::new(),
            "00".to_owned(),
            "é".repeat(55),
            format!("00-{TRACE}-b7ad6b7169203331"),
            format!("00-{TRACE}-b7ad6b7169203331-1"),
            format!("00-{TRACE}-b7ad6b7169203331-01-"),
            format!("00-{TRACE}-b7ad6b7169203331-01 "),
            format!("ff-{TRACE}-b7ad6b7169203331-01"),
            format!("cc-{TRACE}-b7ad6b7169203331-01x"),
            format!("cc-{TRACE}-b7ad6b7169203331-01-{}", "x".repeat(512)),
            format!("00-{}-b7ad6b7169203331-01", TRACE.to_uppercase()),
            format!("00-{zeros}-b7ad6b7169203331-01"),
            format!("00-{TRACE}-0000000000000000-01"),
            format!("00-{TRACE}-b7ad6b716920333g-01"),
            format!("0-0{TRACE}-b7ad6b7169203331-01"),
            format!("+0-{TRACE}-b7ad6b7169203331-01"),
        ] {
            assert_eq!(TraceParent::parse(&text), None, "{text}");
        }
    }
}
