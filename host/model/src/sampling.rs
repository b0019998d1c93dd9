//! Choices of an agent about how a model answers.

/// The most tokens of one turn where nothing else is said, as in the openotters runtime.
pub const DEFAULT_MAX_TOKENS: u32 = 4_096;

/// Choices about the words of a model, and the number of them. What is not chosen is left to the
/// provider.
///
/// `builtin/…` and `script/…` choose nothing, so nothing of this concerns them.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampling {
    /// The most tokens that one turn may have.
    pub max_tokens: u32,
    /// 0 for the likeliest word each time; 1 and more for variety.
    pub temperature: Option<f64>,
    /// Share of the likelihood that is chosen from, above 0 and up to 1.
    pub top_p: Option<f64>,
    /// Number of the likeliest words that are chosen from.
    pub top_k: Option<u32>,
    /// From -2 to 2; above 0, words that were said are less likely.
    pub presence_penalty: Option<f64>,
    /// From -2 to 2; above 0, words that were said often are less likely.
    pub frequency_penalty: Option<f64>,
    /// Number by which the same request gets the same answer, as far as the provider keeps that.
    pub seed: Option<u32>,
    /// Texts before which the answer ends.
    pub stop: Vec<String>,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            max_tokens: DEFAULT_MAX_TOKENS,
            temperature: None,
            top_p: None,
            top_k: None,
            presence_penalty: None,
            frequency_penalty: None,
            seed: None,
            stop: Vec::new(),
        }
    }
}
