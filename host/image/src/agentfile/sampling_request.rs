//! `CONFIG` keys about how a model answers: `max-tokens`, `temperature` and their kin.

use super::declared::Config;
use super::error::{Fault, Position, shown};

/// The most tokens that an agent can ask for in one turn. The longest answers of today's models
/// have 128,000.
const MAX_TOKENS: u32 = 1_000_000;

/// The most words to choose from, which is more than models know.
const MAX_TOP_K: u32 = 1_000_000;

/// The largest seed. Google's has 32 bits, one of them for the sign.
const MAX_SEED: u32 = i32::MAX.unsigned_abs();

/// The most texts that end an answer, as OpenAI has it.
const MAX_STOPS: usize = 4;

/// The longest text that ends an answer, in bytes. Those in use are a word or a mark.
const MAX_STOP: usize = 256;

/// Choices of an Agentfile about its model. What it does not say is left to the host and to the
/// provider.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SamplingRequest {
    /// The most tokens of one turn.
    pub max_tokens: Option<u32>,
    /// From 0 to 2.
    pub temperature: Option<f64>,
    /// Above 0 and up to 1.
    pub top_p: Option<f64>,
    /// Number of the likeliest words that are chosen from.
    pub top_k: Option<u32>,
    /// From -2 to 2.
    pub presence_penalty: Option<f64>,
    /// From -2 to 2.
    pub frequency_penalty: Option<f64>,
    /// Any number; the same one for the same answer.
    pub seed: Option<u32>,
    /// Texts before which the answer ends.
    pub stop: Vec<String>,
}

/// A key about how a model answers.
#[derive(Clone, Copy)]
pub(super) enum SamplingKey {
    MaxTokens,
    Temperature,
    TopP,
    TopK,
    PresencePenalty,
    FrequencyPenalty,
    Seed,
    Stop,
}

impl SamplingKey {
    /// Reads a key; nothing where it is about something else.
    pub(super) fn of(key: &str) -> Option<Self> {
        Some(match key {
            "max-tokens" => Self::MaxTokens,
            "temperature" => Self::Temperature,
            "top-p" => Self::TopP,
            "top-k" => Self::TopK,
            "presence-penalty" => Self::PresencePenalty,
            "frequency-penalty" => Self::FrequencyPenalty,
            "seed" => Self::Seed,
            "stop" => Self::Stop,
            _ => return None,
        })
    }
}

impl SamplingRequest {
    /// Returns what these settings ask for. Their values were checked when they were read.
    pub fn of(configs: &[Config]) -> Self {
        let mut sampling = Self::default();
        for config in configs {
            if let (Some(key), Some(value)) = (SamplingKey::of(&config.key), &config.value) {
                // What is wrong asks for nothing.
                let nowhere = Position { line: 1, column: 1 };
                let _ = sampling.ask(key, &value.to_string(), nowhere);
            }
        }
        sampling
    }

    /// Asks for this. `at` is the place of the value.
    pub(super) fn ask(&mut self, key: SamplingKey, value: &str, at: Position) -> Result<(), Fault> {
        let whole = |least, most| whole(value, least, most, at);
        let number = |least, most| number(value, least, most, at);
        match key {
            SamplingKey::MaxTokens => self.max_tokens = Some(whole(1, MAX_TOKENS)?),
            SamplingKey::Temperature => self.temperature = Some(number(0.0, 2.0)?),
            SamplingKey::TopP => self.top_p = Some(share(value, at)?),
            SamplingKey::TopK => self.top_k = Some(whole(1, MAX_TOP_K)?),
            SamplingKey::PresencePenalty => self.presence_penalty = Some(number(-2.0, 2.0)?),
            SamplingKey::FrequencyPenalty => self.frequency_penalty = Some(number(-2.0, 2.0)?),
            SamplingKey::Seed => self.seed = Some(whole(0, MAX_SEED)?),
            SamplingKey::Stop => self.stop = stops(value, at)?,
        }
        Ok(())
    }
}

fn wrong(value: &str, at: Position, expected: &str) -> Fault {
    Fault::new(at, format!("{} is not {expected}", shown(value)))
}

fn whole(value: &str, least: u32, most: u32, at: Position) -> Result<u32, Fault> {
    let number = value.parse().ok();
    number
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| wrong(value, at, &format!("a whole number from {least} to {most}")))
}

fn number(value: &str, least: f64, most: f64, at: Position) -> Result<f64, Fault> {
    let number = value.parse().ok();
    number
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| wrong(value, at, &format!("a number from {least} to {most}")))
}

fn share(value: &str, at: Position) -> Result<f64, Fault> {
    let number = value.parse().ok();
    number
        .filter(|number| *number > 0.0 && *number <= 1.0)
        .ok_or_else(|| wrong(value, at, "a number above 0 and up to 1"))
}

/// One text, or a list of them in JSON.
fn stops(value: &str, at: Position) -> Result<Vec<String>, Fault> {
    let stops = if value.starts_with('[') {
        serde_json::from_str(value).ok()
    } else {
        Some(vec![value.to_owned()])
    };
    stops
        .filter(|stops| (1..=MAX_STOPS).contains(&stops.len()))
        .filter(|stops| {
            let mut lengths = stops.iter().map(String::len);
            lengths.all(|length| (1..=MAX_STOP).contains(&length))
        })
        .ok_or_else(|| {
            let expected = format!(
                "a text of 1 to {MAX_STOP} bytes, or a JSON list of 1 to {MAX_STOPS} of them, in \
                 an Agentfile `stop=\"[\\\"END\\\", \\\"STOP\\\"]\"`"
            );
            wrong(value, at, &expected)
        })
}
