//! The page of one tool.

use std::collections::BTreeMap;

use cofferdam_image::Attestation;
use cofferdam_workbench::review::{Fate, Finding, ToolPage, UNDECIDED};
use serde_json::json;

use super::decided::Decided;
use super::document::{Block, Document, Entry, Field, Section};
use super::granted::Granted;
use super::{built, next, reach, words};
use crate::attestations;
use crate::cmd::tool::source::Source;
use crate::error::Failure;

/// Writes the page of a tool. `written` is its name on the command line.
pub(super) fn document(
    written: &str,
    source: &Source,
    page: &ToolPage,
    granted: &Granted,
    decided: &Decided,
    attestations: &[Attestation],
) -> Result<Document, Failure> {
    let annotations = source.image.as_ref().map(|image| &image.annotations);
    let none = BTreeMap::new();
    let annotations = annotations.unwrap_or(&none);
    let image = source.image.as_ref().map(|image| {
        json!({ "reference": image.reference, "digest": image.digest,
            "annotations": image.annotations })
    });
    let json = json!({
        "kind": "tool",
        "path": source.origin,
        "image": image,
        "tool": page,
        "undeclared_imports": page.undeclared().collect::<Vec<_>>(),
        "grants": granted.json,
        "grants_left_out": granted.more,
        "decisions": decided.json(),
        "attestations": attestations,
        "undecided": UNDECIDED,
    });
    let mut sections = vec![Section::new(
        "the tool",
        vec![Block::Fields(identity(source, page))],
    )];
    sections.push(decided.section());
    sections.push(findings(&page.findings));
    sections.push(asks(page));
    sections.push(words::section(page));
    sections.push(imports(page));
    sections.push(reach::section(page));
    sections.push(grants(granted));
    sections.push(limits(page));
    sections.push(built::section(&page.built, annotations));
    sections.push(attested(source, attestations));
    sections.push(undecided());
    sections.push(next::of_tool(written));
    Ok(Document {
        title: format!("Review of the tool {} {}", page.name, page.version)
            .trim_end()
            .to_owned(),
        sections,
        json,
    })
}

fn identity(source: &Source, page: &ToolPage) -> Vec<Field> {
    let mut fields = vec![
        Field::new("summary", &page.summary),
        Field::new("component", page.component.to_string()),
        Field::new("manifest", page.manifest.to_string()),
        Field::new("size", format!("{} bytes", page.size)),
        Field::new("effect", effect(page.effect)),
        Field::new("risk", format!("{}, as policies see it then", page.risk)),
    ];
    match &source.image {
        Some(image) => {
            fields.push(Field::new("image", &image.reference));
            fields.push(Field::new("image digest", image.digest.to_string()));
        }
        None => fields.push(Field::new("file", &source.origin)),
    }
    fields
}

/// An effect class, in words.
fn effect(class: &str) -> String {
    let words = match class {
        "pure" => "it only computes: no file, no network, no clock, no call",
        "read" => "it reads what it is granted, or the clock",
        "write" => "it writes files, or calls other tools",
        _ => "it reaches the network",
    };
    format!("{class}, if everything it asks for is granted: {words}")
}

/// Everything that stands out.
fn findings(findings: &[Finding]) -> Section {
    let entries = findings.iter().map(finding);
    let without = "No rule found anything.";
    Section::entries("what stands out", entries.collect(), without)
}

/// Something that stands out, with its rule and the reason to look.
pub(super) fn finding(finding: &Finding) -> Entry {
    let Finding {
        rule,
        category,
        what,
        why,
    } = finding;
    Entry {
        head: format!("{}, {rule}: {what}", category.as_str()),
        lines: vec![(*why).to_owned()],
    }
}

fn asks(page: &ToolPage) -> Section {
    let rows = page.asks.iter().map(|power| {
        vec![
            power.kind.to_owned(),
            power.what.clone(),
            power.reason.clone(),
        ]
    });
    Section::table(
        "what it asks for, and why",
        &["asks for", "what", "reason"],
        rows.collect(),
        "Nothing.",
    )
}

fn imports(page: &ToolPage) -> Section {
    let rows: Vec<_> = page
        .imports
        .iter()
        .map(|import| {
            let fate = import.fate.as_str();
            let fate = match import.reason {
                Some(reason) => format!("{fate}: {reason}"),
                None => fate.to_owned(),
            };
            vec![import.interface.clone(), fate]
        })
        .collect();
    let mut differences = Vec::new();
    let undeclared: Vec<_> = page.undeclared().collect();
    if !undeclared.is_empty() {
        let names = undeclared.join(", ");
        differences.push(format!(
            "Its code imports what its manifest does not declare: {names}. No host loads it."
        ));
    }
    let needless = &page.needless_rows;
    if !needless.is_empty() {
        let rows = needless.join(", ");
        differences.push(format!("Rows that no import needs: {rows}."));
    }
    if differences.is_empty() {
        differences.push("Its code and its manifest agree.".to_owned());
    }
    let mut blocks = vec![Block::Sentences(differences)];
    if !rows.is_empty() {
        blocks.push(Block::table(&["import", "and it is"], rows));
        let is_there = |fate: &Fate| page.imports.iter().any(|import| import.fate == *fate);
        let fates = Fate::ALL.into_iter().filter(is_there);
        let legend = fates.map(|fate| format!("{}: {}.", fate.as_str(), fate.meaning()));
        blocks.push(Block::Sentences(legend.collect()));
    }
    Section::new("what its code imports", blocks)
}

fn grants(granted: &Granted) -> Section {
    let mut section = Section::table(
        "what this host grants to it",
        &["agent", "gets", "what"],
        granted.rows.clone(),
        "No agent of this host has it, and no [[grant]] row names it.",
    );
    if granted.more > 0 {
        let sentence = format!("{} more agents have it.", granted.more);
        section.blocks.push(Block::Sentences(vec![sentence]));
    }
    if granted.has_offers {
        let sentence = "An agent that has it not is named by a [[grant]] row alone: nothing is \
                        granted now, and this is offered to a BIN of that name once the agent has \
                        it."
        .to_owned();
        section.blocks.push(Block::Sentences(vec![sentence]));
    }
    section
}

/// The limits that it asks for. JSON has all of them.
fn limits(page: &ToolPage) -> Section {
    let title = "limits of a call";
    let asked = page.limits.iter().filter_map(|limit| {
        let asked = limit.asked.clone()?;
        Some(vec![limit.name.to_owned(), limit.given.clone(), asked])
    });
    let rows: Vec<_> = asked.collect();
    if rows.is_empty() {
        let sentence = "It asks for none: all are the defaults of this host.";
        return Section::sentences(title, vec![sentence.to_owned()]);
    }
    let others = "All others are the defaults of this host.".to_owned();
    Section::new(
        title,
        vec![
            Block::table(&["limit", "gets", "asks for"], rows),
            Block::Sentences(vec![others]),
        ],
    )
}

/// The questions that are left to the reader.
pub(super) fn undecided() -> Section {
    let sentences = UNDECIDED.iter().map(|&sentence| sentence.to_owned());
    Section::sentences("what this page does not decide", sentences.collect())
}

/// The documents that refer to the image: who has signed it, who says that he built it, and what is
/// in it.
fn attested(source: &Source, attestations: &[Attestation]) -> Section {
    let mut lines = attestations::lines(attestations);
    if source.image.is_none() {
        lines.push("none: it is a file, and signatures belong to images".to_owned());
    } else if lines.is_empty() {
        lines.push("nothing refers to the image".to_owned());
    }
    Section::sentences("signatures and provenance of the image", lines)
}
