//! The making of a component, as a section of a page.

use std::collections::BTreeMap;

use cofferdam_workbench::review::{Advisory, Built, Producer};

use super::document::{Block, Field, Section};

/// Packages that are named on a page for people; JSON has all of them.
const MOST_PACKAGES: usize = 20;

/// The makers of a component: its own words, and those of its image.
pub(super) fn section(built: &Built, annotations: &BTreeMap<String, String>) -> Section {
    let Built {
        producers,
        modules,
        packages,
        advisories,
    } = built;
    let mut fields = vec![Field::new("core modules", modules.to_string())];
    for (kind, all) in producers {
        let lines = all.iter().map(|producer| {
            let Producer { name, version } = producer;
            format!("{name} {version}").trim_end().to_owned()
        });
        fields.push(Field {
            name: kind.clone(),
            lines: lines.collect(),
        });
    }
    let words = match packages {
        None => vec!["it does not say".to_owned()],
        Some(packages) => {
            let mut words = vec![format!("{} in all", packages.len())];
            let named = packages.iter().take(MOST_PACKAGES);
            words.extend(named.map(|package| {
                let only = if package.only_builds {
                    " (builds only)"
                } else {
                    ""
                };
                format!(
                    "{} {} of {}{only}",
                    package.name, package.version, package.source
                )
            }));
            let more = packages.len().saturating_sub(MOST_PACKAGES);
            words.extend((more > 0).then(|| format!("{more} more: --format json names them")));
            words
        }
    };
    fields.push(Field {
        name: "packages".to_owned(),
        lines: words,
    });
    fields.push(Field {
        name: "advisories".to_owned(),
        lines: advisory_lines(packages.is_some(), advisories.as_deref()),
    });
    for (key, value) in annotations {
        fields.push(Field::new(format!("image: {key}"), value));
    }
    Section::new("made by, as it says itself", vec![Block::Fields(fields)])
}

fn advisory_lines(has_packages: bool, advisories: Option<&[Advisory]>) -> Vec<String> {
    match advisories {
        _ if !has_packages => vec!["not looked up: its packages are not known".to_owned()],
        None => vec!["not looked up: --advisories DIR names a database".to_owned()],
        Some([]) => vec!["none in the database".to_owned()],
        Some(advisories) => advisories
            .iter()
            .map(|advisory| {
                let Advisory {
                    id,
                    package,
                    title,
                    informational,
                    patched,
                } = advisory;
                let kind = informational.as_deref().unwrap_or("vulnerability");
                let fixed = match patched.as_slice() {
                    [] => "no fixed version".to_owned(),
                    versions => format!("fixed in {}", versions.join(", ")),
                };
                format!("{id} {package}: {title} ({kind}; {fixed})")
            })
            .collect(),
    }
}
