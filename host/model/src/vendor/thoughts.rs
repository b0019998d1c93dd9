//! Thoughts of a model, from genai's words to ours and back.

use genai::chat::{ContentPart, StreamEnd};

use crate::thinking::{Thinking, Thought};

/// The thoughts of a finished turn.
pub(super) fn of(end: &StreamEnd) -> Thinking {
    let calls = end.captured_tool_calls().unwrap_or_default();
    if calls.is_empty() {
        // Nothing of it is asked for again: the next prompt begins without.
        return Thinking::default();
    }
    let content = end.captured_content.iter();
    let parts = content.flat_map(|content| content.parts());
    let mut thoughts: Vec<_> = parts.filter_map(thought).collect();
    // Protocols without signatures have the thoughts as one text beside the content.
    let beside = end.captured_reasoning_content.as_deref();
    if let Some(text) = beside.filter(|text| thoughts.is_empty() && !text.is_empty()) {
        thoughts.push(Thought::Text(text.to_owned()));
    }
    let mut signatures: Vec<_> = calls
        .iter()
        .map(|call| call.thought_signatures.clone().unwrap_or_default())
        .collect();
    if signatures.iter().all(Vec::is_empty) {
        signatures.clear();
    }
    Thinking {
        thoughts,
        signatures,
    }
}

fn thought(part: &ContentPart) -> Option<Thought> {
    match part {
        ContentPart::ReasoningContent(text) => Some(Thought::Text(text.clone())),
        ContentPart::ThoughtSignature(signature) => Some(Thought::Signature(signature.clone())),
        ContentPart::Custom(custom) => Some(Thought::Block(custom.data.clone())),
        ContentPart::Text(_)
        | ContentPart::Binary(_)
        | ContentPart::ToolCall(_)
        | ContentPart::ToolResponse(_) => None,
    }
}

/// The parts that stand before the words of a turn.
pub(super) fn parts(thinking: &Thinking) -> impl Iterator<Item = ContentPart> {
    thinking.thoughts.iter().map(|thought| match thought {
        Thought::Text(text) => ContentPart::ReasoningContent(text.clone()),
        Thought::Signature(signature) => ContentPart::ThoughtSignature(signature.clone()),
        Thought::Block(data) => ContentPart::from_custom(data.clone(), None),
    })
}

/// The signatures of the call at this place of a turn.
pub(super) fn signatures(thinking: &Thinking, place: usize) -> Option<Vec<String>> {
    let signatures = thinking.signatures.get(place)?;
    (!signatures.is_empty()).then(|| signatures.clone())
}
