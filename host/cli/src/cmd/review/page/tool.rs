//! The page of one tool.

use std::collections::BTreeMap;

use cofferdam_image::Attestation;
use cofferdam_workbench::review::{ExportLine, Finding, ReachPage, ToolPage, UNDECIDED};
use serde_json::json;

use super::built;
use super::decided::Decided;
use super::document::{Block, Document, Field, Section};
use super::granted::Granted;
use crate::attestations;
use crate::cmd::tool::source::Source;
use crate::error::Failure;

/// Functions of an interface that are named on a page for people; JSON has all of them.
const MOST_FUNCTIONS: usize = 4;

/// Writes the page of a tool.
pub(super) fn document(
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
    sections.push(imports(page));
    sections.push(reach(&page.reach));
    sections.push(grants(granted));
    sections.push(limits(page));
    sections.push(built::section(&page.built, annotations));
    sections.push(attested(source, attestations));
    sections.push(undecided());
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
    let rows = findings.iter().map(|finding| {
        vec![
            finding.category.as_str().to_owned(),
            finding.what.clone(),
            finding.rule.to_owned(),
            finding.why.to_owned(),
        ]
    });
    Section::table(
        "what stands out",
        &["category", "what", "rule", "why"],
        rows.collect(),
        "No rule found anything.",
    )
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
        .map(|import| vec![import.interface.clone(), import.fate.as_str().to_owned()])
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
    }
    Section::new("what its code imports", blocks)
}

fn reach(reach: &ReachPage) -> Section {
    let title = "what its functions can reach";
    let exports = match reach {
        ReachPage::Followed { exports } => exports,
        ReachPage::Unknown { unknown } => {
            let sentence = format!(
                "Its calls could not be followed ({unknown}): take every import for reachable."
            );
            return Section::sentences(title, vec![sentence]);
        }
    };
    let row = |export: &ExportLine| {
        let can = export.can_reach.iter().map(|(interface, functions)| {
            let interface = named(interface);
            if functions.len() > MOST_FUNCTIONS {
                return format!("{interface} ({} functions)", functions.len());
            }
            let functions: Vec<_> = functions.iter().map(String::as_str).collect();
            format!("{interface}: {}", functions.join(" "))
        });
        let cannot = export
            .cannot_reach
            .iter()
            .map(|name| named(name).to_owned());
        vec![
            vec![export.export.clone()],
            or_nothing(can.collect()),
            or_nothing(cannot.collect()),
        ]
    };
    let rows: Vec<_> = exports.iter().map(row).collect();
    if rows.is_empty() {
        return Section::sentences(title, vec!["It exports no function.".to_owned()]);
    }
    let header = vec!["export", "can reach", "cannot reach"];
    Section::new(title, vec![Block::Table { header, rows }])
}

fn named(interface: &str) -> &str {
    match interface {
        "" => "(no interface)",
        name => name,
    }
}

fn or_nothing(lines: Vec<String>) -> Vec<String> {
    if lines.is_empty() {
        return vec!["nothing".to_owned()];
    }
    lines
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
    section
}

fn limits(page: &ToolPage) -> Section {
    let rows = page.limits.iter().map(|limit| {
        vec![
            limit.name.to_owned(),
            limit.given.clone(),
            limit.asked.clone().unwrap_or_default(),
        ]
    });
    Section::table(
        "limits of a call",
        &["limit", "gets", "asks for"],
        rows.collect(),
        "None.",
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
