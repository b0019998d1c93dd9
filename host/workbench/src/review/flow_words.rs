//! The way of data, in words.

use cofferdam_capability::FlowStep;

/// The steps of a way in one line.
pub(super) fn way(steps: &[FlowStep]) -> String {
    let words: Vec<_> = steps.iter().map(step).collect();
    words.join(" → ")
}

fn step(step: &FlowStep) -> String {
    match step {
        FlowStep::Read {
            tool,
            directory: Some(directory),
        } => format!("{tool} reads {}", directory.display()),
        FlowStep::Read {
            tool,
            directory: None,
        } => format!("{tool} reads it"),
        FlowStep::Call { from, to } => format!("{from} calls {to}"),
        FlowStep::Answer { from, to } => format!("{from} answers {to}"),
        FlowStep::Write { tool, directory } => format!("{tool} writes {}", directory.display()),
        FlowStep::Told { tool } => format!("{tool} answers the model"),
        FlowStep::Passed { tool } => format!("the model calls {tool}"),
        FlowStep::Send { tool } => format!("{tool} sends"),
    }
}
