//! The wishes of a caller about how a tool runs, within what the host does.

use std::time::Duration;

use cofferdam_tool::AttemptWishes;

use super::code::Code;
use super::failure::Failure;
use super::request::Runtime;

/// The modes of isolation that a sandbox of this host satisfies. `none` is one of them, because
/// more isolation than asked for does no harm.
const MODES: [&str; 4] = ["", "none", "sandboxed", "wasm"];

/// Units of durations, as Go writes them, in nanoseconds. Longer ones come before their
/// beginnings.
const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Returns the wishes about attempts. A mode that this host does not have, and a number that cannot
/// be, are refused.
pub(super) fn of(runtime: &Runtime) -> Result<AttemptWishes, Failure> {
    let Runtime {
        mode,
        backoff,
        timeout_ms,
        max_attempts,
        max_backoff_ms,
        // The host waits a random part of each wait, whatever its caller wants: callers that fail
        // together do not come back together.
        jitter: _,
    } = runtime;
    if !MODES.contains(&mode.as_str()) {
        let message = format!(
            "`runtime.mode` is `{mode}`: this host runs every tool in a WebAssembly sandbox; leave \
             the mode out, or ask for `wasm`"
        );
        let failure = Failure::new(Code::IsolationUnavailable, message);
        return Err(failure.with("mode", mode));
    }
    let backoff = match backoff.as_str() {
        "" => None,
        text => {
            Some(duration(text).ok_or_else(|| wrong("backoff", "a duration, such as `200ms`"))?)
        }
    };
    Ok(AttemptWishes {
        most: u32::try_from((*max_attempts).max(0))
            .ok()
            .filter(|most| *most > 0),
        timeout: milliseconds("timeout_ms", *timeout_ms)?,
        backoff,
        max_backoff: milliseconds("max_backoff_ms", *max_backoff_ms)?,
        idempotency_key: None,
    })
}

/// A number of milliseconds, which may be absent.
fn milliseconds(key: &str, value: i64) -> Result<Option<Duration>, Failure> {
    let value = u64::try_from(value).map_err(|_| wrong(key, "milliseconds, or 0 for none"))?;
    Ok((value > 0).then(|| Duration::from_millis(value)))
}

fn wrong(key: &str, expected: &str) -> Failure {
    let message = format!("`runtime.{key}` of the request: expected {expected}");
    Failure::new(Code::RuntimePolicyInvalid, message)
        .with("field", format!("runtime.{key}"))
        .with("expected", expected)
}

/// A duration as Go writes it, such as `1m30s` or `1.5s`.
fn duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text;
    let mut sum = Duration::ZERO;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(end);
        let (unit, nanos) = UNITS.iter().find(|(unit, _)| unit_of(after) == *unit)?;
        let number: f64 = number.parse().ok()?;
        let seconds = number * (*nanos as f64) / 1e9;
        sum = sum.checked_add(Duration::try_from_secs_f64(seconds).ok()?)?;
        rest = after.strip_prefix(unit)?;
    }
    (!text.is_empty()).then_some(sum)
}

/// The letters that a text begins with.
fn unit_of(text: &str) -> &str {
    let end = text.find(|c: char| c.is_ascii_digit() || c == '.');
    text.get(..end.unwrap_or(text.len())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_writes_them() {
        for (text, millis) in [
            ("0", 0),
            ("0s", 0),
            ("200ms", 200),
            ("1.5s", 1_500),
            ("1m30s", 90_000),
            ("1h", 3_600_000),
            ("2000us", 2),
        ] {
            assert_eq!(
                duration(text),
                Some(Duration::from_millis(millis)),
                "{text}"
            );
        }
        for wrong in ["", "5", "s", "-1s", "1x", "1s 2s", "1e3s", "..s"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_wish_that_cannot_be_is_refused_by_its_code() {
        let with = |change: fn(&mut Runtime)| {
            let mut runtime = Runtime::default();
            change(&mut runtime);
            of(&runtime).map_err(|failure| failure.code)
        };
        assert_eq!(
            with(|it| it.mode = "container".to_owned()),
            Err(Code::IsolationUnavailable)
        );
        for change in [
            (|it| it.timeout_ms = -1) as fn(&mut Runtime),
            |it| it.max_backoff_ms = -1,
            |it| it.backoff = "soon".to_owned(),
        ] {
            assert_eq!(with(change), Err(Code::RuntimePolicyInvalid));
        }
        let wishes = with(|it| {
            it.mode = "wasm".to_owned();
            it.max_attempts = 3;
            it.timeout_ms = 5;
            it.backoff = "1s".to_owned();
        });
        let expected = AttemptWishes {
            most: Some(3),
            timeout: Some(Duration::from_millis(5)),
            backoff: Some(Duration::from_secs(1)),
            max_backoff: None,
            idempotency_key: None,
        };
        assert_eq!(wishes, Ok(expected));
        assert_eq!(
            with(|it| it.max_attempts = -1),
            Ok(AttemptWishes::default())
        );
    }
}
