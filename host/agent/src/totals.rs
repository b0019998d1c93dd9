//! Sums over the turns of a host and the model calls in them, for who watches it. Their number does
//! not grow with the turns.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use cofferdam_model::{FailureKind, Usage};
use cofferdam_tool::{Histogram, HistogramCounts};

use crate::stop::StopReason;

/// Providers that are counted by name: more than an operator configures.
const MOST: usize = 64;

/// The name under which further ones are counted: no provider has it.
const OTHERS: &str = "(others)";

/// The end of a model call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelOutcome {
    /// The model has answered.
    Ok,
    /// The turn ended before it.
    Cancelled,
    /// Its vendor failed, or the way to it.
    Vendor(FailureKind),
    /// It could not be asked.
    Failed,
}

/// Sums over the turns of a host.
#[derive(Debug, Default)]
pub struct TurnTotals {
    ends: [AtomicU64; StopReason::ALL.len()],
    wall: Histogram,
    providers: RwLock<BTreeMap<String, Arc<ProviderTotals>>>,
}

/// Sums over the model calls to one provider.
#[derive(Debug, Default)]
pub(crate) struct ProviderTotals {
    outcomes: [AtomicU64; ModelOutcome::ALL.len()],
    input: AtomicU64,
    output: AtomicU64,
    cached: AtomicU64,
    wall: Histogram,
}

/// The sums of one provider at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderCounts {
    /// Its name.
    pub provider: String,
    /// Model calls by their outcome, as far as there were any.
    pub outcomes: Vec<(ModelOutcome, u64)>,
    /// Tokens that its models read.
    pub input_tokens: u64,
    /// Tokens that they wrote.
    pub output_tokens: u64,
    /// The part of those that they read that the provider had from before.
    pub cached_tokens: u64,
    /// Time until the end of an answer.
    pub wall: HistogramCounts,
}

impl ModelOutcome {
    /// Every outcome.
    pub const ALL: [Self; 9] = [
        Self::Ok,
        Self::Cancelled,
        Self::Vendor(FailureKind::RateLimited),
        Self::Vendor(FailureKind::Unavailable),
        Self::Vendor(FailureKind::TooLong),
        Self::Vendor(FailureKind::Auth),
        Self::Vendor(FailureKind::Invalid),
        Self::Vendor(FailureKind::Answer),
        Self::Failed,
    ];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Cancelled => "cancelled",
            Self::Vendor(kind) => kind.as_str(),
            Self::Failed => "failed",
        }
    }

    /// The outcome of a call that failed.
    pub(crate) fn of(error: &cofferdam_model::Error) -> Self {
        error.failure().map_or(Self::Failed, Self::Vendor)
    }
}

impl TurnTotals {
    /// Adds a turn.
    pub(crate) fn turn(&self, reason: StopReason, wall: Duration) {
        let index = StopReason::ALL.iter().position(|one| *one == reason);
        if let Some(turns) = index.and_then(|index| self.ends.get(index)) {
            turns.fetch_add(1, Ordering::Relaxed);
        }
        self.wall.observe(wall);
    }

    /// The sums of one provider; of all others where there are as many as are counted by name.
    pub(crate) fn provider(&self, name: &str) -> Arc<ProviderTotals> {
        {
            let known = &self.providers;
            let known = known.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(totals) = known.get(name) {
                return Arc::clone(totals);
            }
        }
        let known = &self.providers;
        let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
        let is_full = known.len() >= MOST && !known.contains_key(name);
        let name = if is_full { OTHERS } else { name };
        Arc::clone(known.entry(name.to_owned()).or_default())
    }

    /// Turns by the reason why they ended, as far as there were any.
    pub fn ends(&self) -> Vec<(StopReason, u64)> {
        let ends = StopReason::ALL.into_iter().zip(&self.ends);
        let ends = ends.map(|(reason, turns)| (reason, turns.load(Ordering::Relaxed)));
        ends.filter(|(_, turns)| *turns > 0).collect()
    }

    /// Time of turns, with their wait for the one before.
    pub fn wall(&self) -> HistogramCounts {
        self.wall.counts()
    }

    /// The sums of each provider, by name.
    pub fn providers(&self) -> Vec<ProviderCounts> {
        let known = &self.providers;
        let known = known.read().unwrap_or_else(PoisonError::into_inner);
        let counts = known.iter().map(|(name, totals)| totals.counts(name));
        counts.collect()
    }
}

impl ProviderTotals {
    /// Adds a model call.
    pub(crate) fn call(&self, outcome: ModelOutcome, usage: Usage, wall: Duration) {
        let index = ModelOutcome::ALL.iter().position(|one| *one == outcome);
        if let Some(calls) = index.and_then(|index| self.outcomes.get(index)) {
            calls.fetch_add(1, Ordering::Relaxed);
        }
        self.input.fetch_add(usage.input, Ordering::Relaxed);
        self.output.fetch_add(usage.output, Ordering::Relaxed);
        self.cached.fetch_add(usage.cached, Ordering::Relaxed);
        self.wall.observe(wall);
    }

    fn counts(&self, name: &str) -> ProviderCounts {
        let outcomes = ModelOutcome::ALL.into_iter().zip(&self.outcomes);
        let outcomes = outcomes.map(|(outcome, calls)| (outcome, calls.load(Ordering::Relaxed)));
        ProviderCounts {
            provider: name.to_owned(),
            outcomes: outcomes.filter(|(_, calls)| *calls > 0).collect(),
            input_tokens: self.input.load(Ordering::Relaxed),
            output_tokens: self.output.load(Ordering::Relaxed),
            cached_tokens: self.cached.load(Ordering::Relaxed),
            wall: self.wall.counts(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_and_model_calls_are_counted_by_their_ends() {
        let totals = TurnTotals::default();
        totals.turn(StopReason::End, Duration::from_millis(3));
        totals.turn(StopReason::Cancelled, Duration::from_millis(3));
        let ends = [(StopReason::End, 1), (StopReason::Cancelled, 1)];
        assert_eq!(totals.ends(), ends);
        let usage = Usage {
            input: 5,
            output: 2,
            ..Usage::default()
        };
        let wall = Duration::from_millis(1);
        totals.provider("a").call(ModelOutcome::Ok, usage, wall);
        let limited = ModelOutcome::Vendor(FailureKind::RateLimited);
        totals.provider("a").call(limited, Usage::default(), wall);
        let [a] = totals.providers().try_into().unwrap();
        assert_eq!(a.outcomes, [(ModelOutcome::Ok, 1), (limited, 1)]);
        assert_eq!((a.input_tokens, a.output_tokens), (5, 2));
    }

    #[test]
    fn providers_are_bounded() {
        let totals = TurnTotals::default();
        for number in 0..MOST + 10 {
            let provider = totals.provider(&format!("provider-{number}"));
            provider.call(ModelOutcome::Ok, Usage::default(), Duration::ZERO);
        }
        let providers = totals.providers();
        assert_eq!(providers.len(), MOST + 1);
        let others = providers.iter().find(|counts| counts.provider == OTHERS);
        assert_eq!(others.unwrap().outcomes, [(ModelOutcome::Ok, 10)]);
    }
}
