//! The imports that the functions of a tool can reach, as a section of a page.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_workbench::review::{ExportLine, Fate, ReachPage, ToolPage};

use super::document::{Entry, Section};

/// Functions of an interface that are named on a page for people; JSON has all of them.
const MOST_FUNCTIONS: usize = 4;

/// Exports that reach the same.
struct Alike<'a> {
    first: &'a ExportLine,
    others: Vec<&'a str>,
}

/// The section of the page.
pub(super) fn section(page: &ToolPage) -> Section {
    let title = "what its functions can reach";
    let exports = match &page.reach {
        ReachPage::Followed { exports } => exports,
        ReachPage::Unknown { unknown } => {
            let sentence = format!(
                "Its calls could not be followed ({unknown}): take every import for reachable."
            );
            return Section::sentences(title, vec![sentence]);
        }
    };
    let denied = page.imports.iter();
    let denied = denied.filter(|import| import.fate == Fate::Denied);
    let denied: BTreeSet<_> = denied.map(|import| import.interface.as_str()).collect();
    let alike = alike(exports).into_iter();
    let entries = alike.map(|alike| entry(&alike, &denied)).collect();
    Section::entries(title, entries, "It exports no function.")
}

/// Joins the exports that reach the same, in the order of the first of each.
fn alike(exports: &[ExportLine]) -> Vec<Alike<'_>> {
    let mut all: Vec<Alike<'_>> = Vec::new();
    for export in exports {
        let same = all.iter_mut().find(|alike| {
            let first = alike.first;
            first.can_reach == export.can_reach && first.cannot_reach == export.cannot_reach
        });
        match same {
            Some(alike) => alike.others.push(&export.export),
            None => all.push(Alike {
                first: export,
                others: Vec::new(),
            }),
        }
    }
    all
}

fn entry(alike: &Alike<'_>, denied: &BTreeSet<&str>) -> Entry {
    let Alike { first, others } = alike;
    let ExportLine {
        export,
        can_reach,
        cannot_reach,
    } = first;
    let mut lines: Vec<_> = others.iter().map(|other| format!("also {other}")).collect();
    if can_reach.is_empty() {
        lines.push("can reach nothing".to_owned());
    }
    lines.extend(reached(can_reach, denied));
    let cannot = cannot_reach.iter();
    lines.extend(cannot.map(|interface| format!("cannot reach {}", named(interface))));
    Entry {
        head: export.clone(),
        lines,
    }
}

fn reached(
    can_reach: &BTreeMap<String, BTreeSet<String>>,
    denied: &BTreeSet<&str>,
) -> impl Iterator<Item = String> {
    can_reach.iter().map(move |(interface, functions)| {
        let mark = if denied.contains(interface.as_str()) {
            " (denied)"
        } else {
            ""
        };
        let interface = named(interface);
        if functions.len() > MOST_FUNCTIONS {
            return format!("can reach {interface}: {} functions{mark}", functions.len());
        }
        let functions: Vec<_> = functions.iter().map(String::as_str).collect();
        format!("can reach {interface}: {}{mark}", functions.join(" "))
    })
}

fn named(interface: &str) -> &str {
    match interface {
        "" => "(no interface)",
        name => name,
    }
}
