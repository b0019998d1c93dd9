//! References to variables in a value: `$NAME` and `${NAME}`.

/// A value with its references replaced.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Expanded {
    /// The value.
    pub(super) value: String,
    /// Referenced variables that are not set, which stand for nothing.
    pub(super) unset: Vec<String>,
}

/// Replaces references as Go's `os.ExpandEnv` does, because the file is shared with programs that
/// use it: a `$` before anything but a name stays, `${}` and an open `${` are dropped, and `$` with
/// one special character is a name of its own.
pub(super) fn expand(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Expanded {
    let mut value = String::with_capacity(text.len());
    let mut unset = Vec::new();
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        let (before, reference) = rest.split_at(dollar);
        value.push_str(before);
        let Reference { name, length } = Reference::of(reference);
        match name {
            Some(name) => match variable(name) {
                Some(found) => value.push_str(&found),
                None => unset.push(name.to_owned()),
            },
            None if length == 1 => value.push('$'),
            None => {}
        }
        rest = reference.get(length..).unwrap_or_default();
    }
    value.push_str(rest);
    Expanded { value, unset }
}

/// The beginning of a text that starts with `$`.
struct Reference<'a> {
    /// The variable, unless it is no reference.
    name: Option<&'a str>,
    /// Bytes that it takes, the `$` included.
    length: usize,
}

impl<'a> Reference<'a> {
    fn of(text: &'a str) -> Self {
        let after = text.get(1..).unwrap_or_default();
        if let Some(braced) = after.strip_prefix('{') {
            // An open brace is dropped together with its `$`.
            let Some(end) = braced.find('}') else {
                return Self {
                    name: None,
                    length: 2,
                };
            };
            let name = braced.get(..end).filter(|name| !name.is_empty());
            return Self {
                name,
                length: end + 3,
            };
        }
        let first = after.bytes().next();
        if first.is_some_and(|byte| b"*#$@!?-0123456789".contains(&byte)) {
            return Self {
                name: after.get(..1),
                length: 2,
            };
        }
        let end = after
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(after.len());
        Self {
            name: after.get(..end).filter(|name| !name.is_empty()),
            length: end + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_replaced_as_go_does() {
        let variable = |name: &str| match name {
            "KEY" => Some("sk-1".to_owned()),
            "EMPTY" => Some(String::new()),
            "1" => Some("one".to_owned()),
            _ => None,
        };
        for (text, value, unset) in [
            ("plain", "plain", &[] as &[&str]),
            ("${KEY}", "sk-1", &[]),
            ("$KEY", "sk-1", &[]),
            ("a-$KEY-b", "a-sk-1-b", &[]),
            ("${KEY}${KEY}", "sk-1sk-1", &[]),
            ("$KEYS", "", &["KEYS"]),
            ("${MISSING}x", "x", &["MISSING"]),
            ("${EMPTY}", "", &[]),
            ("$1st", "onest", &[]),
            ("${1}", "one", &[]),
            ("a$", "a$", &[]),
            ("a$ b", "a$ b", &[]),
            ("a$/b", "a$/b", &[]),
            ("a${}b", "ab", &[]),
            ("a${KEY", "aKEY", &[]),
            ("$$KEY", "KEY", &["$"]),
            ("é$KEYé", "ésk-1é", &[]),
        ] {
            let expanded = expand(text, &variable);
            assert_eq!(expanded.value, value, "{text}");
            assert_eq!(expanded.unset, unset, "{text}");
        }
    }
}
