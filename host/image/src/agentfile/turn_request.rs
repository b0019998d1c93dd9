//! `CONFIG` keys for the turns of an agent: `max-iterations`, `parallel-tool-calls`, `memory-*` and
//! `limit.turn.*`.

use std::time::Duration;

use cofferdam_capability::{Bytes, Count, Time};

use super::declared::Config;
use super::error::{Fault, Position, shown};

/// The beginning of the keys for the limits of a turn.
const TURN: &str = "limit.turn.";

/// The most steps of a turn that can be asked for. Longer work is several turns.
const MAX_ITERATIONS: u64 = 1_000;

/// The most calls of a step that run at once. Models ask for a handful at once.
const MAX_PARALLEL: u64 = 16;

/// The most messages before older ones are summarised, as many as one page of them has.
const MAX_MESSAGES: u64 = 1_000;

/// The fewest messages before older ones are summarised: half of them stay.
const MIN_MESSAGES: u64 = 4;

/// The most that a turn can be given.
const MAX_WALL: Duration = Duration::from_secs(24 * 3_600);

/// The turns that an Agentfile asks for. What is left out has the host's default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TurnRequest {
    /// Steps of one turn.
    pub max_iterations: Option<u32>,
    /// Calls of one step that run at once.
    pub parallel_tool_calls: Option<u32>,
    /// Fuel of all calls of a turn.
    pub fuel: Option<Count>,
    /// Time of a turn.
    pub wall: Option<Time>,
    /// Bytes that the model and its tools say in a turn.
    pub bytes: Option<Bytes>,
    /// Calls of tools in a turn.
    pub calls: Option<Count>,
    /// Tokens that the model reads and writes in a turn.
    pub tokens: Option<Count>,
    /// The way in which a model is kept from reading everything that was ever said.
    pub memory: Option<MemoryStrategy>,
    /// Messages of a session that a model reads before older ones are left out.
    pub memory_max_messages: Option<u32>,
    /// Tokens of these messages, about; 0 for no bound.
    pub memory_max_tokens: Option<Count>,
}

/// The way in which a model is kept from reading everything that was ever said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryStrategy {
    /// A summary stands for older messages.
    Summarize,
    /// Older messages are left out.
    Sliding,
}

/// A key for turns.
#[derive(Clone, Copy)]
pub(super) enum TurnKey {
    MaxIterations,
    ParallelToolCalls,
    Fuel,
    Wall,
    Bytes,
    Calls,
    Tokens,
    MemoryStrategy,
    MemoryMaxMessages,
    MemoryMaxTokens,
}

impl TurnKey {
    /// Reads a key; nothing where it is not for turns. A BIN may be called `turn` too: of its
    /// limits, those of these names are the turn's.
    pub(super) fn of(key: &str) -> Option<Self> {
        if let Some(limit) = key.strip_prefix(TURN) {
            return match limit {
                "fuel" => Some(Self::Fuel),
                "wall" => Some(Self::Wall),
                "bytes" => Some(Self::Bytes),
                "calls" => Some(Self::Calls),
                "tokens" => Some(Self::Tokens),
                _ => None,
            };
        }
        match key {
            "max-iterations" => Some(Self::MaxIterations),
            "parallel-tool-calls" => Some(Self::ParallelToolCalls),
            "memory-strategy" => Some(Self::MemoryStrategy),
            "memory-max-messages" => Some(Self::MemoryMaxMessages),
            "memory-max-tokens" => Some(Self::MemoryMaxTokens),
            _ => None,
        }
    }
}

impl TurnRequest {
    /// The turns that these settings ask for. Their values were checked when they were read.
    pub fn of(configs: &[Config]) -> Self {
        let mut turns = Self::default();
        for config in configs {
            if let (Some(key), Some(value)) = (TurnKey::of(&config.key), &config.value) {
                // What is wrong asks for nothing.
                let _ = turns.ask(key, &value.to_string(), Position { line: 1, column: 1 });
            }
        }
        turns
    }

    /// Asks for one more thing. `at` is the place of the value.
    pub(super) fn ask(&mut self, key: TurnKey, value: &str, at: Position) -> Result<(), Fault> {
        let between = |least, most| number(value, least, most, at);
        match key {
            TurnKey::MaxIterations => self.max_iterations = Some(between(1, MAX_ITERATIONS)?),
            TurnKey::ParallelToolCalls => self.parallel_tool_calls = Some(parallel(value, at)?),
            TurnKey::Fuel => self.fuel = Some(some(value, at)?),
            TurnKey::Calls => self.calls = Some(some(value, at)?),
            TurnKey::Tokens => self.tokens = Some(some(value, at)?),
            TurnKey::Wall => self.wall = Some(wall(value, at)?),
            TurnKey::Bytes => {
                let bytes: Bytes = value.parse().map_err(|problem| Fault::new(at, problem))?;
                if bytes.is_empty() {
                    return Err(nothing(value, at));
                }
                self.bytes = Some(bytes);
            }
            TurnKey::MemoryStrategy => self.memory = Some(strategy(value, at)?),
            TurnKey::MemoryMaxMessages => {
                self.memory_max_messages = Some(between(MIN_MESSAGES, MAX_MESSAGES)?);
            }
            TurnKey::MemoryMaxTokens => {
                let tokens = value.parse().map_err(|problem| Fault::new(at, problem))?;
                self.memory_max_tokens = Some(tokens);
            }
        }
        Ok(())
    }
}

/// A whole number between these two.
fn number(value: &str, least: u64, most: u64, at: Position) -> Result<u32, Fault> {
    let wrong = || {
        let sentence = format!(
            "{} is not a whole number from {least} to {most}",
            shown(value)
        );
        Fault::new(at, sentence)
    };
    let number = value.parse::<u64>().map_err(|_| wrong())?;
    if !(least..=most).contains(&number) {
        return Err(wrong());
    }
    u32::try_from(number).map_err(|_| wrong())
}

/// Calls at once: `true` for as many as there may be, `false` for one after the other, or a number.
fn parallel(value: &str, at: Position) -> Result<u32, Fault> {
    match value {
        "true" => number(&MAX_PARALLEL.to_string(), 1, MAX_PARALLEL, at),
        "false" => Ok(1),
        _ => number(value, 1, MAX_PARALLEL, at).map_err(|_| {
            let sentence = format!(
                "{} is neither `true`, `false` nor a number of calls from 1 to {MAX_PARALLEL}",
                shown(value)
            );
            Fault::new(at, sentence)
        }),
    }
}

/// A number that is not 0.
fn some(value: &str, at: Position) -> Result<Count, Fault> {
    let count: Count = value.parse().map_err(|problem| Fault::new(at, problem))?;
    match count {
        Count(0) => Err(nothing(value, at)),
        count => Ok(count),
    }
}

fn wall(value: &str, at: Position) -> Result<Time, Fault> {
    let time: Time = value.parse().map_err(|problem| Fault::new(at, problem))?;
    if time.0.is_zero() {
        return Err(nothing(value, at));
    }
    if time.0 > MAX_WALL {
        let sentence = format!(
            "{} is more than the {} that a turn may take",
            shown(value),
            Time(MAX_WALL)
        );
        return Err(Fault::new(at, sentence));
    }
    Ok(time)
}

fn strategy(value: &str, at: Position) -> Result<MemoryStrategy, Fault> {
    match value {
        "summarize" => Ok(MemoryStrategy::Summarize),
        "sliding" => Ok(MemoryStrategy::Sliding),
        _ => Err(Fault::new(
            at,
            format!(
                "{} is no memory-strategy; write `summarize` or `sliding`",
                shown(value)
            ),
        )),
    }
}

fn nothing(value: &str, at: Position) -> Fault {
    Fault::new(
        at,
        format!("{} leaves a turn nothing to do; write more", shown(value)),
    )
}
