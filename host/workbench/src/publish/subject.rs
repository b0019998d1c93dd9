//! The tool that is published, as its component says.

use cofferdam_capability::{Decision, Digest, Manifest};
use cofferdam_tool::Runner;

use crate::error::Error;

/// A component, and what catalogues ask about it.
pub(super) struct Subject {
    /// The component, as binary.
    pub(super) component: Vec<u8>,
    /// Its digest.
    pub(super) digest: Digest,
    /// Its manifest.
    pub(super) manifest: Manifest,
    /// The name of the tool.
    pub(super) name: String,
    /// Its version.
    pub(super) version: String,
    /// Its purpose, in a sentence.
    pub(super) summary: String,
    /// The words of its author about calling it, Markdown.
    pub(super) usage: Option<String>,
    /// The tools that it offers.
    pub(super) tools: Vec<Offered>,
}

/// A tool that a component offers.
pub(super) struct Offered {
    pub(super) name: String,
    /// The first line of its description.
    pub(super) description: String,
}

impl Subject {
    /// Looks at a component. None of it runs, but the listing of a typed component that does not
    /// say what it offers.
    pub(super) async fn read(component: Vec<u8>, runner: &Runner) -> Result<Self, Error> {
        let installed = runner
            .load(component.clone().into(), "the component", None)
            .await
            .map_err(Error::usage)?;
        let manifest = installed.manifest().clone();
        let tool = &manifest.tool;
        for (key, value) in [
            ("name", &tool.name),
            ("version", &tool.version),
            ("summary", &tool.summary),
        ] {
            if value.is_empty() {
                return Err(Error::usage(format!(
                    "the manifest in the component has no `{key}`, which catalogues ask for: \
                     write [tool] `{key}` into capabilities.toml and build the tool again"
                )));
            }
        }
        let usage = cofferdam_tool::usage(&component);
        let toolbox = runner.toolbox();
        let note = cofferdam_tool::note("", usage.as_deref());
        let offered = runner
            .offer(&installed, &tool.name, &note, Decision::default(), &toolbox)
            .await
            .map_err(Error::usage)?;
        let tools = offered.iter().map(|tool| {
            let descriptor = tool.descriptor();
            let first = descriptor.description.lines().next();
            Offered {
                name: descriptor.name.to_string(),
                description: first.unwrap_or_default().to_owned(),
            }
        });
        Ok(Self {
            digest: Digest::of(&component),
            name: tool.name.clone(),
            version: tool.version.clone(),
            summary: tool.summary.clone(),
            usage,
            tools: tools.collect(),
            manifest,
            component,
        })
    }
}

/// A sentence in at most so many characters.
pub(super) fn cut(sentence: &str, most: usize) -> String {
    if sentence.chars().count() <= most {
        return sentence.to_owned();
    }
    let kept: String = sentence.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}
