//! Prompts, as far as a model is asked with them.

use crate::error::TurnError;

/// The longest prompt, in bytes (1 MiB): several hundred thousand tokens, more than models take.
const MAX_PROMPT: usize = 1 << 20;

/// Refuses a prompt that says nothing, or too much.
pub(crate) fn check_prompt(prompt: &str) -> Result<(), TurnError> {
    if prompt.len() > MAX_PROMPT {
        return Err(TurnError::PromptTooLong {
            size: prompt.len(),
            max: MAX_PROMPT,
        });
    }
    if prompt.trim().is_empty() {
        return Err(TurnError::EmptyPrompt);
    }
    Ok(())
}
