//! From the text of an Agentfile to its meaning.

use std::collections::BTreeMap;

use super::declared::{Add, Agentfile, Bin};
use super::draft::{self, Draft, PlacedAdd, PlacedContext};
use super::error::{AgentfileError, Fault, Position};
use super::expand::Expanded;
use super::instruction::{Instruction, Keyword};
use super::lines::{Lines, START};
use super::needed::Needed;
use crate::reference::Reference;

/// Parses the text of an Agentfile that builds on nothing. `file` is how errors call it. The error
/// has every mistake of the file, as far as one does not hide another.
///
/// # Errors
///
/// The text is wrong, or begins with `FROM image`: [`Written`] reads that.
pub fn parse(text: &str, file: &str) -> Result<Agentfile, AgentfileError> {
    parse_needing(text, file, Needed::AGENT)
}

/// The same with other instructions that must be there.
pub(crate) fn parse_needing(
    text: &str,
    file: &str,
    needed: Needed,
) -> Result<Agentfile, AgentfileError> {
    let written = Written::parse(text, file, BTreeMap::new(), needed)?;
    match written.parent() {
        None => written.resolve(None),
        Some(parent) => Err(parent.refuse(format!(
            "the Agentfile builds on the image {}, so it is built before it is used: `cofferdam \
             image build` does it",
            parent.image
        ))),
    }
}

/// The image that an Agentfile builds on.
#[derive(Clone, Debug)]
pub struct Parent {
    /// The image.
    pub image: Reference,
    file: String,
    at: Position,
}

impl Parent {
    /// The error for an image that the file cannot build on, at the place that names it.
    pub fn refuse(&self, problem: String) -> AgentfileError {
        AgentfileError::new(&self.file, vec![Fault::new(self.at, problem)])
    }
}

/// An Agentfile whose instructions have been read, before the image that it builds on is at hand.
pub struct Written {
    draft: Draft,
    file: String,
    needed: Needed,
}

impl Written {
    /// Reads the instructions. `arguments` are values that its `ARG`s get instead of their own, and
    /// `needed` are those that must be there, its parent's included.
    ///
    /// # Errors
    ///
    /// Every mistake, as far as one does not hide another.
    pub fn parse(
        text: &str,
        file: &str,
        arguments: BTreeMap<String, String>,
        needed: Needed,
    ) -> Result<Self, AgentfileError> {
        let read = understand(text, arguments, needed);
        let draft = read.map_err(|faults| AgentfileError::new(file, faults))?;
        Ok(Self {
            draft,
            file: file.to_owned(),
            needed,
        })
    }

    /// The image that it builds on; none for `scratch`.
    pub fn parent(&self) -> Option<Parent> {
        let draft::Parent { image, at } = self.draft.parent()?;
        Some(Parent {
            image,
            file: self.file.clone(),
            at,
        })
    }

    /// The contexts of the file itself, whose texts are read before those of the image join them.
    pub(super) fn contexts_mut(&mut self) -> impl Iterator<Item = &mut PlacedContext> {
        self.draft.contexts_mut()
    }

    /// The files of `ADD` of the file itself.
    pub(super) fn adds_mut(&mut self) -> impl Iterator<Item = &mut PlacedAdd> {
        self.draft.adds_mut()
    }

    /// The files of `ADD` of the file itself, to be looked at.
    pub(super) fn adds(&self) -> impl Iterator<Item = &Add> {
        self.draft.adds()
    }

    /// The BINs of the file itself.
    pub(super) fn bins(&self) -> impl Iterator<Item = &Bin> {
        self.draft.bins()
    }

    /// The whole Agentfile: its own instructions after those of the image that it builds on.
    ///
    /// # Errors
    ///
    /// Every mistake that only both together show.
    pub fn resolve(self, parent: Option<&Agentfile>) -> Result<Agentfile, AgentfileError> {
        let Self {
            draft,
            file,
            needed,
        } = self;
        let resolved = draft.finish(parent, needed);
        resolved.map_err(|faults| AgentfileError::new(&file, faults))
    }

    /// Names of given values that no `ARG` of the file has.
    pub(super) fn unused(&self) -> Vec<String> {
        self.draft.unused().into_iter().map(str::to_owned).collect()
    }

    /// The error for what this file names at a place.
    pub(super) fn wrong(&self, faults: Vec<Fault>) -> AgentfileError {
        AgentfileError::new(&self.file, faults)
    }

    /// The model of the file itself, with its place.
    pub(super) fn model(&self) -> Option<(&str, Position)> {
        self.draft.model()
    }

    /// Returns true if both say the same, wherever their lines stand.
    pub(super) fn says_the_same(&self, other: &Self) -> bool {
        self.draft.says_the_same(&other.draft)
    }
}

impl std::fmt::Debug for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Written")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

fn understand(
    text: &str,
    arguments: BTreeMap<String, String>,
    needed: Needed,
) -> Result<Draft, Vec<Fault>> {
    let mut lines = Lines::of(text).map_err(|fault| vec![fault])?;
    let mut draft = Draft::new(arguments);
    let mut faults = Vec::new();
    let mut is_empty = true;
    loop {
        match next(&mut lines, &mut draft) {
            Ok(true) => is_empty = false,
            Ok(false) => break,
            Err(fault) => {
                is_empty = false;
                // What was mistyped is not missing too.
                if let Some(meant) = fault.meant().and_then(Keyword::named) {
                    draft.mistyped(meant);
                }
                faults.push(fault);
            }
        }
    }
    if is_empty {
        return Err(vec![Fault::new(
            START,
            "the file has no instruction; an Agentfile begins with `FROM scratch`",
        )]);
    }
    if faults.is_empty() {
        return Ok(draft);
    }
    // What only all instructions together show is reported with the rest, unless it needs the
    // parent.
    if draft.parent().is_none() {
        faults.extend(draft.finish(None, needed).err().into_iter().flatten());
    }
    Err(faults)
}

/// Adds the next instruction to the draft. Returns false at the end of the file.
fn next(lines: &mut Lines<'_>, draft: &mut Draft) -> Result<bool, Fault> {
    let Some((number, line)) = lines.instruction()? else {
        return Ok(false);
    };
    let expanded = Expanded::of(number, line, draft.values())?;
    let instruction = Instruction::read(number, &expanded, lines)?;
    draft.add(instruction)?;
    Ok(true)
}
