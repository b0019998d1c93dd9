//! The bounds of a turn, and what it has used of them.

use std::time::Duration;

use cofferdam_capability::{Bytes, Count, Time};
use cofferdam_image::agentfile::{Config, MemoryStrategy, TurnRequest};
use cofferdam_model::Usage;
use tokio::time::Instant;

use crate::stop::{StopReason, TurnUse};

/// Steps in one turn, as in the openotters runtime.
const MAX_ITERATIONS: u32 = 20;

/// Fuel of all calls of one turn: fifty calls that use up all of theirs.
const FUEL: u64 = 1_000_000_000_000;

/// Time of one turn: a long chain of tools that take minutes each. After it, something goes in
/// circles.
const WALL: Duration = Duration::from_secs(3_600);

/// Bytes that the model and its tools say in one turn (16 MiB): some four million tokens.
const BYTES: u64 = 16 << 20;

/// Calls of tools in one turn: as many as twenty steps of a model have that asks for all it can.
const CALLS: u64 = 640;

/// Tokens that the model reads and writes in one turn: twenty steps of a model that reads half a
/// million each time.
const TOKENS: u64 = 10_000_000;

/// Messages that a model reads before older ones are left out.
const MEMORY_MESSAGES: u32 = 50;

/// The choices of an agent for its turns.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TurnSettings {
    /// Steps.
    pub(crate) max_iterations: u32,
    /// Calls of one step that run at once.
    pub(crate) parallel: usize,
    pub(crate) budget: Budget,
    pub(crate) memory: Memory,
}

/// The bounds of one turn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    pub(crate) fuel: Count,
    pub(crate) wall: Time,
    pub(crate) bytes: Bytes,
    pub(crate) calls: Count,
    pub(crate) tokens: Count,
}

/// The messages that a model reads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// None where older messages are only not read.
    pub(crate) strategy: Option<MemoryStrategy>,
    pub(crate) messages: u32,
    /// 0 for no bound.
    pub(crate) tokens: Count,
}

/// A turn's use of its bounds.
#[derive(Debug)]
pub(crate) struct Spent {
    budget: Budget,
    begun: Instant,
    bytes: u64,
    /// Tokens, guessed by the length of the text where the vendor counts none.
    tokens: u64,
    told: TurnUse,
    /// Time in which it waited for people.
    waited: Duration,
}

/// A bound of a turn that was reached.
#[derive(Debug, Clone)]
pub(crate) struct Exhausted {
    pub(crate) reason: StopReason,
    /// The sentence, for the user and for the model.
    pub(crate) detail: String,
}

impl TurnSettings {
    /// The settings of an agent with this configuration.
    pub(crate) fn of(configs: &[Config]) -> Self {
        let TurnRequest {
            max_iterations,
            parallel_tool_calls,
            fuel,
            wall,
            bytes,
            calls,
            tokens,
            memory,
            memory_max_messages,
            memory_max_tokens,
        } = TurnRequest::of(configs);
        let parallel = parallel_tool_calls.and_then(|most| usize::try_from(most).ok());
        Self {
            max_iterations: max_iterations.unwrap_or(MAX_ITERATIONS),
            parallel: parallel.unwrap_or(1).max(1),
            budget: Budget {
                fuel: fuel.unwrap_or(Count(FUEL)),
                wall: wall.unwrap_or(Time(WALL)),
                bytes: bytes.unwrap_or(Bytes(BYTES)),
                calls: calls.unwrap_or(Count(CALLS)),
                tokens: tokens.unwrap_or(Count(TOKENS)),
            },
            memory: Memory {
                strategy: memory,
                messages: memory_max_messages.unwrap_or(MEMORY_MESSAGES),
                tokens: memory_max_tokens.unwrap_or(Count(0)),
            },
        }
    }
}

impl Spent {
    /// Nothing yet.
    pub(crate) fn new(budget: Budget) -> Self {
        Self {
            budget,
            begun: Instant::now(),
            bytes: 0,
            tokens: 0,
            told: TurnUse::default(),
            waited: Duration::ZERO,
        }
    }

    /// Counts time in which the turn waited for a person: it is not the turn's.
    pub(crate) fn wait(&mut self, waited: Duration) {
        self.waited = self.waited.saturating_add(waited);
    }

    /// The moment at which the time of the turn is over.
    pub(crate) fn deadline(&self) -> Instant {
        self.begun + self.budget.wall.0 + self.waited
    }

    /// Counts text of the model or a tool.
    pub(crate) fn say(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes as u64);
    }

    /// Counts a step of a model that read and wrote so many bytes. Where its vendor counts no
    /// tokens, they are guessed by these.
    pub(crate) fn step(&mut self, usage: Usage, bytes: usize) {
        /// Bytes of a token of English text.
        const BYTES_PER_TOKEN: u64 = 4;
        let counted = usage.input.saturating_add(usage.output);
        let tokens = if counted == 0 {
            bytes as u64 / BYTES_PER_TOKEN
        } else {
            counted
        };
        self.tokens = self.tokens.saturating_add(tokens);
        let TurnUse {
            input_tokens,
            output_tokens,
            cached_tokens,
            ..
        } = &mut self.told;
        *input_tokens = input_tokens.saturating_add(usage.input);
        *output_tokens = output_tokens.saturating_add(usage.output);
        *cached_tokens = cached_tokens.saturating_add(usage.cached);
    }

    /// Counts a call of a tool.
    pub(crate) fn call(&mut self) {
        self.told.calls = self.told.calls.saturating_add(1);
    }

    /// Counts the fuel of a call.
    pub(crate) fn burn(&mut self, fuel: u64) {
        self.told.fuel = self.told.fuel.saturating_add(fuel);
    }

    /// The use so far.
    pub(crate) fn told(&self) -> TurnUse {
        TurnUse {
            wall: self.begun.elapsed(),
            ..self.told
        }
    }

    /// The bound that leaves no room for another step, if there is one.
    pub(crate) fn exhausted(&self) -> Option<Exhausted> {
        let Budget {
            fuel,
            wall: _,
            bytes,
            calls: _,
            tokens,
        } = self.budget;
        let over = |reason, what: String| {
            Some(Exhausted {
                reason,
                detail: format!("stopped: the turn has used {what}"),
            })
        };
        if Instant::now() >= self.deadline() {
            return Some(self.late());
        }
        if self.told.fuel >= fuel.0 {
            return over(StopReason::Fuel, format!("its {fuel} of fuel"));
        }
        if self.bytes >= bytes.0 {
            return over(StopReason::Bytes, format!("its {bytes} of text"));
        }
        if self.tokens >= tokens.0 {
            return over(StopReason::Tokens, format!("its {tokens} tokens"));
        }
        None
    }

    /// The bound that leaves no room for another call, if there is one.
    pub(crate) fn exhausted_for_calls(&self) -> Option<Exhausted> {
        let calls = self.budget.calls;
        if u64::from(self.told.calls) >= calls.0 {
            return Some(Exhausted {
                reason: StopReason::Calls,
                detail: format!("stopped: the turn has used its {calls} calls of tools"),
            });
        }
        self.exhausted()
    }

    /// The end of a turn whose time is over.
    pub(crate) fn late(&self) -> Exhausted {
        Exhausted {
            reason: StopReason::Wall,
            detail: format!("stopped: the turn has used its {}", self.budget.wall),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bound_has_a_reason_of_its_own() {
        let settings = TurnSettings::of(&[]);
        let fresh = || Spent::new(settings.budget);
        assert!(fresh().exhausted().is_none() && fresh().exhausted_for_calls().is_none());
        let reason = |spent: &Spent| spent.exhausted_for_calls().map(|end| end.reason);
        let mut spent = fresh();
        spent.burn(FUEL);
        assert_eq!(reason(&spent), Some(StopReason::Fuel));
        let mut spent = fresh();
        spent.say(16 << 20);
        assert_eq!(reason(&spent), Some(StopReason::Bytes));
        let mut spent = fresh();
        spent.step(Usage::default(), 40_000_000);
        assert_eq!(reason(&spent), Some(StopReason::Tokens));
        let mut spent = fresh();
        (0..CALLS).for_each(|_| spent.call());
        assert_eq!(reason(&spent), Some(StopReason::Calls));
        assert!(spent.exhausted().is_none(), "the model may still answer");
        let mut budget = settings.budget;
        budget.wall = Time(Duration::ZERO);
        assert_eq!(reason(&Spent::new(budget)), Some(StopReason::Wall));
    }
}
