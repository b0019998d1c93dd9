//! The commands with which a reader goes on, as the last section of a page.

use super::document::Section;

const TITLE: &str = "what to do next";

/// The commands about a tool, by the name that the reader has written.
pub(super) fn of_tool(written: &str) -> Section {
    let sentences = vec![
        format!(
            "To decide: `cofferdam review approve {written} --reason …`, or `cofferdam review \
             reject {written} --reason …`."
        ),
        format!("To compare: `cofferdam review diff OLD {written}`."),
        format!("To hold it against its calls: `cofferdam review {written} --since 30d`."),
    ];
    Section::sentences(TITLE, sentences)
}

/// The commands about an agent.
pub(super) fn of_agent(written: &str) -> Section {
    let sentences = vec![
        "To decide: decisions are about tools. Review each by the digest of its image, and then \
         `cofferdam review approve DIGEST --reason …`, or `cofferdam review reject DIGEST --reason \
         …`."
        .to_owned(),
        format!("To compare: `cofferdam review diff OLD {written}`."),
    ];
    Section::sentences(TITLE, sentences)
}
