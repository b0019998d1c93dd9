//! The cost of turns in tokens, calls, fuel and seconds. Prices are the vendors' matter.

use cofferdam_capability::Count;
use cofferdam_server::UsageEntry;

/// The cost of the turns of a conversation.
#[derive(Debug, Default)]
pub(super) struct Cost {
    turns: u32,
    last: UsageEntry,
    sum: UsageEntry,
}

impl Cost {
    /// Adds a turn that is over.
    pub(super) fn add(&mut self, turn: UsageEntry) {
        let UsageEntry {
            input_tokens,
            output_tokens,
            cached_tokens,
            calls,
            fuel,
            duration_ms,
        } = turn;
        let sum = &mut self.sum;
        sum.input_tokens = sum.input_tokens.saturating_add(input_tokens);
        sum.output_tokens = sum.output_tokens.saturating_add(output_tokens);
        sum.cached_tokens = sum.cached_tokens.saturating_add(cached_tokens);
        sum.calls = sum.calls.saturating_add(calls);
        sum.fuel = sum.fuel.saturating_add(fuel);
        sum.duration_ms = sum.duration_ms.saturating_add(duration_ms);
        self.last = turn;
        self.turns += 1;
    }

    /// The last turn and all of them, a line for each.
    pub(super) fn lines(&self) -> Vec<String> {
        let last = words(&self.last);
        match self.turns {
            0 => vec!["no turn of this chat has ended yet".to_owned()],
            1 => vec![format!("1 turn: {last}")],
            turns => vec![
                format!("last turn: {last}"),
                format!("{turns} turns: {}", words(&self.sum)),
            ],
        }
    }
}

/// The cost of a turn in one line. Tokens are left out where the vendor says nothing of them.
pub(super) fn words(usage: &UsageEntry) -> String {
    let UsageEntry {
        input_tokens,
        output_tokens,
        cached_tokens,
        calls,
        fuel,
        duration_ms,
    } = *usage;
    let mut words = Vec::new();
    if input_tokens > 0 || output_tokens > 0 {
        let cached = match cached_tokens {
            0 => String::new(),
            cached => format!(" ({} cached)", Count(cached)),
        };
        words.push(format!(
            "{} tokens read{cached}, {} written",
            Count(input_tokens),
            Count(output_tokens)
        ));
    }
    if calls > 0 {
        let calls_are = if calls == 1 { "call" } else { "calls" };
        words.push(format!("{calls} {calls_are}, {} of fuel", Count(fuel)));
    }
    words.push(format!(
        "{}.{} s",
        duration_ms / 1_000,
        duration_ms % 1_000 / 100
    ));
    words.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_is_told_as_far_as_it_is_known() {
        let silent = UsageEntry {
            duration_ms: 1_260,
            ..UsageEntry::default()
        };
        assert_eq!(words(&silent), "1.2 s");
        let turn = UsageEntry {
            input_tokens: 1_200,
            output_tokens: 34,
            cached_tokens: 1_000,
            calls: 1,
            fuel: 5_000,
            duration_ms: 40,
        };
        let told = "1_200 tokens read (1_000 cached), 34 written · 1 call, 5_000 of fuel · 0.0 s";
        assert_eq!(words(&turn), told);
        let mut cost = Cost::default();
        assert_eq!(cost.lines(), ["no turn of this chat has ended yet"]);
        cost.add(turn);
        cost.add(silent);
        assert_eq!(cost.lines()[0], "last turn: 1.2 s");
        assert!(cost.lines()[1].starts_with("2 turns: 1_200 tokens read"));
    }
}
