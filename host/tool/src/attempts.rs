//! Attempts of one call: as many as its tool allows, within the time of the call.

use std::time::{Duration, Instant};

use cofferdam_call::Report;
use cofferdam_capability::{Count, Digest, MAX_ATTEMPTS, MAX_WAIT, RetryRequest, Time};
use cofferdam_sandbox::Allowance;
use rustix::rand::GetRandomFlags;

use crate::effect::Effect;
use crate::tool::Tool;

/// The longest wait before the second attempt where nobody asks for another one.
const BACKOFF: Time = Time(Duration::from_millis(200));

/// The wait beyond which none grows where nobody asks for another one.
const MAX_BACKOFF: Time = Time(Duration::from_secs(30));

/// The most doublings of a wait: no wait grows further within its ceiling.
const MAX_DOUBLINGS: u32 = 10;

/// The wishes of a caller about the attempts of its call. The default is what the operator and the
/// agent's author decided.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AttemptWishes {
    /// The most attempts.
    pub most: Option<u32>,
    /// The longest time of one.
    pub timeout: Option<Duration>,
    /// The longest wait before the second.
    pub backoff: Option<Duration>,
    /// The wait beyond which none grows.
    pub max_backoff: Option<Duration>,
    /// A text that names this call toward other servers, the same when its caller asks again; the
    /// host makes one where there is none.
    pub idempotency_key: Option<String>,
}

impl AttemptWishes {
    /// The name of the call: the caller's, or a random one. Where the system has no random bytes
    /// it is empty, and servers are told none.
    pub(crate) fn call_name(&self) -> String {
        if let Some(key) = &self.idempotency_key {
            return key.clone();
        }
        match random::<16>() {
            Some(bytes) => Digest::of(&bytes).hex(),
            None => String::new(),
        }
    }
}

/// The attempts that a call may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attempts {
    most: u32,
    /// The longest time of one; none where it may take all that the call has.
    timeout: Option<Duration>,
    backoff: Duration,
    max_backoff: Duration,
}

impl Attempts {
    /// The attempts of a call of `tool`. A caller's wishes count within what the operator and the
    /// agent's author decided: they shorten an attempt, and they make attempts of a tool that
    /// changes nothing, unless it was decided how many it has.
    pub(crate) fn of(tool: &Tool, wishes: &AttemptWishes) -> Self {
        Self::within(tool.retry(), tool.effect(), wishes)
    }

    fn within(decided: &RetryRequest, effect: Effect, wishes: &AttemptWishes) -> Self {
        let has_effects = matches!(effect, Effect::Write | Effect::External);
        let may_repeat = !has_effects || decided.side_effects == Some(true);
        let bound = match decided.attempts {
            Some(attempts) => attempts,
            None if has_effects => Count(1),
            None => MAX_ATTEMPTS,
        };
        let bound = u32::try_from(bound.0.min(MAX_ATTEMPTS.0)).unwrap_or(1);
        let own = decided.attempts.map_or(1, |_| bound);
        let most = wishes.most.unwrap_or(own).min(bound).max(1);
        let timeout = decided.timeout.map(|Time(timeout)| timeout);
        let wait = |wish: Option<Duration>, decided: Option<Time>, usual: Time| {
            let decided = decided.unwrap_or(usual).0;
            wish.unwrap_or(decided).min(MAX_WAIT.0)
        };
        Self {
            most: if may_repeat { most } else { 1 },
            timeout: [timeout, wishes.timeout].into_iter().flatten().min(),
            backoff: wait(wishes.backoff, decided.backoff, BACKOFF),
            max_backoff: wait(wishes.max_backoff, decided.max_backoff, MAX_BACKOFF),
        }
    }

    /// The same for a call that is made once, whatever comes of it.
    pub(crate) fn one(self) -> Self {
        Self { most: 1, ..self }
    }

    /// Makes attempts at a call until one of them does not fail in a way that another one may mend,
    /// or the time of the whole call is over. The report is that of the last one, and says how many
    /// there were.
    pub(crate) async fn run<C, F>(
        &self,
        call: C,
        whole: &Allowance,
        attempt: impl Fn(C, Allowance) -> F,
    ) -> Report
    where
        C: Clone,
        F: Future<Output = Report>,
    {
        for made in 1..self.most {
            let mut report = attempt(call.clone(), self.allowance(whole, made)).await;
            report.receipt.attempts = u64::from(made);
            if !report.receipt.is_retryable() {
                return report;
            }
            let wait = self.wait(made, random_fraction());
            let is_late = Instant::now() + wait >= whole.deadline();
            if is_late || whole.within(tokio::time::sleep(wait)).await.is_err() {
                return report;
            }
        }
        let mut report = attempt(call, self.allowance(whole, self.most)).await;
        report.receipt.attempts = u64::from(self.most);
        report
    }

    /// The time and the memory of an attempt. The first has those of the call, which began before
    /// it came to its thread.
    fn allowance(&self, whole: &Allowance, attempt: u32) -> Allowance {
        let own = match attempt {
            1 => whole.clone(),
            _ => whole.anew(),
        };
        match self.timeout {
            Some(timeout) => own.ending_by(Instant::now() + timeout),
            None => own,
        }
    }

    /// The wait after so many attempts: `fraction` of the longest one (full jitter), so that calls
    /// that fail together do not come back together.
    fn wait(&self, made: u32, fraction: f64) -> Duration {
        let doublings = made.saturating_sub(1).min(MAX_DOUBLINGS);
        let longest = self.backoff.saturating_mul(1 << doublings);
        longest.min(self.max_backoff).mul_f64(fraction)
    }
}

/// A random number of 0 to 1. Where the system has none, the longest wait is right.
fn random_fraction() -> f64 {
    match random() {
        Some(bytes) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
        None => 1.0,
    }
}

/// Random bytes of the system, few enough to come at once.
fn random<const LENGTH: usize>() -> Option<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    let filled = rustix::rand::getrandom(&mut bytes, GetRandomFlags::empty());
    (filled == Ok(LENGTH)).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(attempts: Option<u64>, side_effects: bool) -> RetryRequest {
        RetryRequest {
            attempts: attempts.map(Count),
            side_effects: side_effects.then_some(true),
            ..RetryRequest::default()
        }
    }

    #[test]
    fn attempts_are_for_effects_that_allow_them() {
        let wish = |most| AttemptWishes {
            most,
            ..AttemptWishes::default()
        };
        let most = |decided: &RetryRequest, effect, asked| {
            Attempts::within(decided, effect, &wish(asked)).most
        };
        for effect in Effect::ALL {
            let repeats = matches!(effect, Effect::Pure | Effect::Read);
            let or_one = |most| if repeats { most } else { 1 };
            // Nobody decided anything.
            assert_eq!(most(&decided(None, false), effect, None), 1);
            assert_eq!(most(&decided(None, false), effect, Some(3)), or_one(3));
            assert_eq!(most(&decided(None, false), effect, Some(99)), or_one(10));
            // A decision bounds wishes.
            assert_eq!(most(&decided(Some(4), false), effect, None), or_one(4));
            assert_eq!(most(&decided(Some(4), false), effect, Some(9)), or_one(4));
            assert_eq!(most(&decided(Some(4), false), effect, Some(2)), or_one(2));
            // The operator alone lets effects happen again, as often as the operator says.
            assert_eq!(most(&decided(Some(4), true), effect, None), 4);
            let unbounded = most(&decided(None, true), effect, Some(3));
            assert_eq!(unbounded, or_one(3));
        }
    }

    #[test]
    fn a_caller_shortens_attempts_and_no_wait_is_above_the_ceiling() {
        let decided = RetryRequest {
            timeout: Some(Time(Duration::from_secs(2))),
            ..RetryRequest::default()
        };
        let timeout = |seconds: Option<u64>| {
            let wishes = AttemptWishes {
                timeout: seconds.map(Duration::from_secs),
                backoff: Some(Duration::from_secs(1_000)),
                max_backoff: Some(Duration::from_secs(1_000)),
                ..AttemptWishes::default()
            };
            let attempts = Attempts::within(&decided, Effect::Pure, &wishes);
            assert_eq!(
                (attempts.backoff, attempts.max_backoff),
                (MAX_WAIT.0, MAX_WAIT.0)
            );
            attempts.timeout.map(|timeout| timeout.as_secs())
        };
        assert_eq!(
            [None, Some(1), Some(5)].map(timeout),
            [Some(2), Some(1), Some(2)]
        );
    }

    /// The waits of the reference implementation for these fractions (base 1 s, at most 30 s).
    #[test]
    fn waits_are_those_of_the_reference() {
        let attempts = Attempts {
            most: 10,
            timeout: None,
            backoff: Duration::from_secs(1),
            max_backoff: Duration::from_secs(30),
        };
        let tools = [
            (
                [0.6923, 0.4542, 0.2161, 0.9780],
                [692_300, 908_400, 864_400, 7_824_000],
            ),
            (
                [0.0690, 0.3071, 0.5452, 0.7833],
                [69_000, 614_200, 2_180_800, 6_266_400],
            ),
            (
                [0.8864, 0.1721, 0.4102, 0.6959],
                [886_400, 344_200, 1_640_800, 5_567_200],
            ),
        ];
        for (fractions, micros) in tools {
            for (made, (fraction, expected)) in (1..).zip(fractions.into_iter().zip(micros)) {
                let wait = attempts.wait(made, fraction);
                let difference = wait.abs_diff(Duration::from_micros(expected));
                assert!(difference < Duration::from_micros(1), "{wait:?}");
            }
        }
        assert_eq!(attempts.wait(99, 1.0), Duration::from_secs(30));
        let fraction = random_fraction();
        assert!((0.0..=1.0).contains(&fraction));
    }
}
