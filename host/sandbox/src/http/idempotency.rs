//! The name of a call in the requests that it sends.

use std::collections::HashMap;

use cofferdam_capability::Digest;
use http::HeaderValue;

/// Names the requests of one call: the same request of the same call has the same name in every
/// attempt, and two requests of one attempt have two names.
#[derive(Debug)]
pub(crate) struct RequestNames {
    /// The name of the call, which no server sees; empty where it has none.
    call: String,
    /// Requests that were named, by what they ask for. The limit `http-requests` bounds them.
    named: HashMap<Digest, u64>,
}

impl RequestNames {
    /// Names those of the call of this name.
    pub(crate) fn new(call: String) -> Self {
        Self {
            call,
            named: HashMap::new(),
        }
    }

    /// The name of the next request that asks for this: a method and a URI.
    pub(super) fn next(&mut self, asked: &str) -> Option<HeaderValue> {
        if self.call.is_empty() {
            return None;
        }
        let count = self.named.entry(Digest::of(asked.as_bytes())).or_default();
        *count += 1;
        let name = Digest::of(format!("{}\0{asked}\0{count}", self.call).as_bytes());
        HeaderValue::from_str(&name.hex()).ok()
    }
}

/// Returns true for a method that changes nothing (RFC 9110, section 9.2.1): its requests need no
/// name.
pub(super) fn is_safe(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_its_name_in_every_attempt_and_shares_it_with_no_other() {
        let names = |call: &str| {
            let mut names = RequestNames::new(call.to_owned());
            let asked = ["POST a", "POST a", "POST b", "PUT a"];
            asked.map(|asked| names.next(asked).unwrap())
        };
        assert_eq!(names("one"), names("one"));
        let mut all: Vec<_> = names("one").into_iter().chain(names("two")).collect();
        all.sort_by(|one, other| one.as_bytes().cmp(other.as_bytes()));
        all.dedup();
        assert_eq!(all.len(), 8);
    }
}
