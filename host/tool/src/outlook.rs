//! The tools of a component before anything of it is compiled.
//!
//! Compiling takes seconds, and a client that lists tools waits for milliseconds. A component says
//! at its surface which tools it has: that it is a command, or the descriptors of typed tools. The
//! functions of other components are known once they are compiled.

use std::sync::Arc;

use cofferdam_call::Descriptor;
use cofferdam_capability::{Decision, Digest, Grant, Manifest, ToolName, ToolNameError};
use cofferdam_sandbox::{DESCRIPTORS_SECTION, USAGE_SECTION, is_command, is_of_typed_tools};
use wasmparser::{Chunk, Parser, Payload};

use crate::descriptors::Descriptors;
use crate::error::ToolError;
use crate::offer;
use crate::runner::Runner;
use crate::tool::{command_descriptor, told};

/// The facts about a component that are known without compiling it. It was not checked: loading it
/// may still refuse it.
#[derive(Debug, Clone)]
pub struct Outlook {
    digest: Digest,
    manifest: Manifest,
    tools: Tools,
}

/// The tools of a component as far as they are known.
#[derive(Debug, Clone)]
enum Tools {
    Command,
    Typed(Descriptors),
    /// Known once it is compiled.
    Unknown,
}

/// A tool that is known and cannot be called yet.
#[derive(Debug, Clone)]
pub struct Announced {
    /// Its words, as clients are told them.
    pub descriptor: Descriptor,
    /// The grant it will run under.
    pub grant: Arc<Grant>,
}

impl Outlook {
    /// Reads the surface of a component. Of what is no component nothing is known.
    pub fn read(bytes: &[u8], origin: &str) -> Self {
        let surface = Surface::read(bytes).unwrap_or_default();
        let manifest = surface
            .manifest
            .and_then(|json| Manifest::from_json(json, origin).ok());
        let tools = if surface.is_command {
            Tools::Command
        } else {
            surface
                .descriptors
                .filter(|_| surface.is_typed)
                .and_then(|json| Descriptors::from_json(json).ok())
                .map_or(Tools::Unknown, Tools::Typed)
        };
        Self {
            digest: Digest::of(bytes),
            manifest: manifest.unwrap_or_else(Manifest::empty),
            tools,
        }
    }

    /// The manifest it carries, or the empty one.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Returns the tools that `runner` will offer under this name, as far as they are known before
    /// the component is compiled, and their grant.
    ///
    /// # Errors
    ///
    /// If the grant is refused, or the name is none: nothing of the component would be offered.
    pub fn announce(
        &self,
        runner: &Runner,
        name: &str,
        note: &str,
        decision: Decision,
    ) -> Result<(Arc<Grant>, Vec<Announced>), ToolError> {
        let grant = runner.grant_for(self.digest, &self.manifest, name, decision)?;
        let grant = Arc::new(grant);
        let words = self.words(name, note).map_err(|error| ToolError::Offer {
            tool: name.to_owned(),
            problem: error.to_string(),
        })?;
        let announced = |descriptor| Announced {
            descriptor,
            grant: Arc::clone(&grant),
        };
        let announced = words.into_iter().flatten().map(announced).collect();
        Ok((grant, announced))
    }

    /// Returns the words of the tools under this name, as clients are told them; none where they
    /// are known only once the component is compiled or run.
    ///
    /// # Errors
    ///
    /// If the name is none that a tool can have.
    pub fn words(&self, name: &str, note: &str) -> Result<Option<Vec<Descriptor>>, ToolNameError> {
        let name: ToolName = name.parse()?;
        let tool = &self.manifest.tool;
        let words = match &self.tools {
            Tools::Command => {
                let words = command_descriptor(name, note, &tool.summary, tool.contract);
                Some(vec![words])
            }
            Tools::Typed(descriptors) => {
                let own = descriptors.iter().cloned();
                let named = offer::named(&name, note, &tool.summary, own);
                Some(named.map(|(_, described)| told(&described)).collect())
            }
            Tools::Unknown => None,
        };
        Ok(words)
    }
}

/// Returns the words of its author about calling a component, Markdown, which it carries since it
/// was built. Of what is no component there are none.
pub fn usage(bytes: &[u8]) -> Option<String> {
    let text = Surface::read(bytes)?.usage?;
    String::from_utf8(text.to_vec()).ok()
}

/// The parts of a component that are not code.
#[derive(Debug, Default)]
struct Surface<'a> {
    manifest: Option<&'a [u8]>,
    descriptors: Option<&'a [u8]>,
    usage: Option<&'a [u8]>,
    is_command: bool,
    is_typed: bool,
}

impl<'a> Surface<'a> {
    /// Reads the sections of the outermost component. Modules and components in it are passed over.
    fn read(mut bytes: &'a [u8]) -> Option<Self> {
        let mut surface = Self::default();
        let mut parser = Parser::new(0);
        loop {
            let Chunk::Parsed { consumed, payload } = parser.parse(bytes, true).ok()? else {
                return None;
            };
            bytes = bytes.get(consumed..)?;
            match payload {
                Payload::ModuleSection {
                    unchecked_range, ..
                }
                | Payload::ComponentSection {
                    unchecked_range, ..
                } => bytes = bytes.get(unchecked_range.len()..)?,
                Payload::CustomSection(section) => {
                    if section.name() == Manifest::SECTION {
                        surface.manifest = Some(section.data());
                    } else if section.name() == DESCRIPTORS_SECTION {
                        surface.descriptors = Some(section.data());
                    } else if section.name() == USAGE_SECTION {
                        surface.usage = Some(section.data());
                    }
                }
                Payload::ComponentExportSection(section) => {
                    for export in section {
                        let name = export.ok()?.name.name;
                        surface.is_command |= is_command(name);
                        surface.is_typed |= is_of_typed_tools(name);
                    }
                }
                // A module has other sections, and none of the shapes.
                Payload::CodeSectionStart { .. } => return None,
                Payload::End(_) => return Some(surface),
                _ => {}
            }
        }
    }
}
