//! Retries as somebody asks for them: how often a failed call is made again, and when.

use std::time::Duration;

use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize};

use crate::quantity::{Count, Time};

/// The most attempts of one call. A server that fails ten times does not come back because of an
/// eleventh.
pub const MAX_ATTEMPTS: Count = Count(10);

/// The longest wait between two attempts: the wall clock of a call has half a minute by default.
pub const MAX_WAIT: Time = Time(Duration::from_secs(60));

/// The longest time of one attempt; the limit `wall` bounds all attempts together.
pub const MAX_ATTEMPT_TIME: Time = Time(Duration::from_secs(24 * 3_600));

/// Retries as somebody asks for them: only what should differ from the default, which is one
/// attempt.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RetryRequest {
    /// The most attempts of one call, 1 to 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "attempts")]
    pub attempts: Option<Count>,
    /// The longest time of one attempt. All attempts and waits together are within the limit
    /// `wall`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "attempt_time")]
    pub timeout: Option<Time>,
    /// The longest wait before the second attempt, at most 60s. It doubles with each further
    /// attempt, and the host waits a random part of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "wait")]
    pub backoff: Option<Time>,
    /// The wait beyond which none grows, at most 60s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "wait")]
    pub max_backoff: Option<Time>,
    /// True if also calls are made again that may have changed files or reached the network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side_effects: Option<bool>,
}

/// A retry that cannot be asked for: its key or its value is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RetryError(String);

impl RetryRequest {
    /// Returns true if nothing is asked for.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// These requests, and those of `other` where nothing is asked for.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        Self {
            attempts: self.attempts.or(other.attempts),
            timeout: self.timeout.or(other.timeout),
            backoff: self.backoff.or(other.backoff),
            max_backoff: self.max_backoff.or(other.max_backoff),
            side_effects: self.side_effects.or(other.side_effects),
        }
    }

    /// Asks for one more thing, by its key, as the author of an agent may.
    ///
    /// # Errors
    ///
    /// A key that there is not or that is the operator's, and a value that is wrong or above its
    /// ceiling.
    pub fn ask(&mut self, key: &str, value: &str) -> Result<(), RetryError> {
        let asked_before = match key {
            "attempts" => self.attempts.replace(counted(value)?).is_some(),
            "timeout" => self
                .timeout
                .replace(timed(value, MAX_ATTEMPT_TIME)?)
                .is_some(),
            "backoff" => self.backoff.replace(timed(value, MAX_WAIT)?).is_some(),
            "max-backoff" => self.max_backoff.replace(timed(value, MAX_WAIT)?).is_some(),
            "side-effects" => {
                return Err(RetryError(
                    "`side-effects` is for the operator: in `retry` of a row [[grant]] of \
                     cofferdam.toml"
                        .to_owned(),
                ));
            }
            _ => {
                return Err(RetryError(format!(
                    "there is no `{key}` of retries; there are: attempts, timeout, backoff, \
                     max-backoff"
                )));
            }
        };
        if asked_before {
            return Err(RetryError(format!("`{key}` is given twice: give it once")));
        }
        Ok(())
    }
}

fn counted(value: &str) -> Result<Count, RetryError> {
    let count: Count = value.parse().map_err(RetryError)?;
    if (Count(1)..=MAX_ATTEMPTS).contains(&count) {
        return Ok(count);
    }
    Err(RetryError(format!(
        "{count} attempts: expected 1 to {MAX_ATTEMPTS}"
    )))
}

fn timed(value: &str, most: Time) -> Result<Time, RetryError> {
    let time: Time = value.parse().map_err(RetryError)?;
    if time <= most {
        return Ok(time);
    }
    Err(RetryError(format!("{time}: expected at most {most}")))
}

fn attempts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Count>, D::Error> {
    let count = Count::deserialize(deserializer)?;
    counted(&count.0.to_string())
        .map(Some)
        .map_err(Error::custom)
}

fn attempt_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Time>, D::Error> {
    let time = Time::deserialize(deserializer)?;
    timed(&time.to_string(), MAX_ATTEMPT_TIME)
        .map(Some)
        .map_err(Error::custom)
}

fn wait<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Time>, D::Error> {
    let time = Time::deserialize(deserializer)?;
    timed(&time.to_string(), MAX_WAIT)
        .map(Some)
        .map_err(Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_above_its_ceiling_is_refused_wherever_it_is_written() {
        for (key, right, wrong) in [
            ("attempts", "3", "11"),
            ("attempts", "1", "0"),
            ("timeout", "5s", "25h"),
            ("backoff", "200ms", "61s"),
            ("max-backoff", "60s", "2m"),
        ] {
            let asked = |value: &str| RetryRequest::default().ask(key, value);
            let written =
                |value: &str| toml::from_str::<RetryRequest>(&format!("{key} = {value:?}"));
            assert_eq!(asked(right), Ok(()), "{key}");
            assert!(written(right).is_ok(), "{key}");
            let refused = asked(wrong).unwrap_err().to_string();
            assert!(refused.contains("expected"), "{refused}");
            let refused = written(wrong).unwrap_err().to_string();
            assert!(refused.contains("expected"), "{refused}");
        }
    }

    #[test]
    fn an_author_cannot_let_calls_with_side_effects_be_made_again() {
        let refused = RetryRequest::default().ask("side-effects", "true");
        assert!(refused.unwrap_err().to_string().contains("[[grant]]"));
        let written: RetryRequest = toml::from_str("side-effects = true").unwrap();
        assert_eq!(written.side_effects, Some(true));
        assert_eq!(RetryRequest::default().or(&written), written);
    }
}
