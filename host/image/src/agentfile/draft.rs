//! An Agentfile half read: the meaning of each instruction, and of all of them together.

mod joined;
mod parts;
mod requests;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::declared::{Add, Agentfile, Bin, Env};
use super::error::{Fault, Position, shown};
use super::expand::Values;
use super::instruction::{Arguments, Instruction, Keyword};
use super::name::AgentName;
use super::needed::Needed;
use crate::reference::Reference;
use joined::{adds, bins, inherited, keyed, last_of_each};
pub(super) use parts::{PlacedAdd, PlacedContext};
use parts::{PlacedBin, Setting};
use requests::requests;

/// The declarations so far, and their places, so that a repeat can name both.
#[derive(Default)]
pub(super) struct Draft {
    /// Instructions that stand somewhere, also wrong ones: what is wrong is not missing too.
    seen: HashSet<Keyword>,
    from: Option<From>,
    runtime: Option<Once<Reference>>,
    model: Option<Once<String>>,
    name: Option<Once<AgentName>>,
    exec: Option<Once<Vec<String>>>,
    contexts: Vec<PlacedContext>,
    settings: Vec<Setting>,
    bins: Vec<PlacedBin>,
    bin_lines: HashMap<String, usize>,
    adds: Vec<PlacedAdd>,
    /// By names in lower case, as some file systems take them.
    add_lines: HashMap<String, usize>,
    labels: BTreeMap<String, String>,
    args: BTreeMap<String, Option<String>>,
    /// The values of `args`, as far as they have any.
    values: Values,
    /// Values of `ARG`s that whoever builds the file gives instead of its own.
    given: Values,
    envs: Vec<Env>,
    capabilities: BTreeSet<String>,
}

/// The base of the file, and its place.
struct From {
    /// None for `scratch`, or where it could not be read.
    image: Option<Reference>,
    at: Position,
    image_at: Position,
}

/// An image that a file builds on, and the place where it names it.
#[derive(Clone, Debug)]
pub(super) struct Parent {
    pub(super) image: Reference,
    pub(super) at: Position,
}

/// A value that may stand once, and its place.
struct Once<T> {
    value: T,
    at: Position,
}

impl Draft {
    /// An empty file, with values that its `ARG`s get instead of their own.
    pub(super) fn new(given: Values) -> Self {
        Self {
            given,
            ..Self::default()
        }
    }

    /// The values that stand for `${NAME}` from here on.
    pub(super) fn values(&self) -> &Values {
        &self.values
    }

    pub(super) fn contexts_mut(&mut self) -> impl Iterator<Item = &mut PlacedContext> {
        self.contexts.iter_mut()
    }

    pub(super) fn adds_mut(&mut self) -> impl Iterator<Item = &mut PlacedAdd> {
        self.adds.iter_mut()
    }

    pub(super) fn adds(&self) -> impl Iterator<Item = &Add> {
        self.adds.iter().map(|placed| &placed.add)
    }

    pub(super) fn bins(&self) -> impl Iterator<Item = &Bin> {
        self.bins.iter().map(|placed| &placed.bin)
    }

    /// The model of the file itself, with its place.
    pub(super) fn model(&self) -> Option<(&str, Position)> {
        let Once { value, at } = self.model.as_ref()?;
        Some((value, *at))
    }

    /// Keeps that an instruction stands somewhere, mistyped: it is not missing too.
    pub(super) fn mistyped(&mut self, keyword: Keyword) {
        self.seen.insert(keyword);
    }

    /// The image that the file builds on.
    pub(super) fn parent(&self) -> Option<Parent> {
        let From {
            image, image_at, ..
        } = self.from.as_ref()?;
        Some(Parent {
            image: image.clone()?,
            at: *image_at,
        })
    }

    /// Adds an instruction.
    pub(super) fn add(&mut self, instruction: Instruction) -> Result<(), Fault> {
        let Instruction {
            keyword,
            at,
            arguments,
        } = instruction;
        let is_first = self.seen.is_empty();
        self.seen.insert(keyword);
        if is_first && keyword != Keyword::From {
            return Err(Fault::new(
                at,
                "an Agentfile begins with `FROM scratch` or `FROM image`; put it before this \
                 instruction",
            ));
        }
        match keyword {
            Keyword::From => self.from(at, arguments),
            Keyword::Runtime => self.runtime(at, arguments),
            Keyword::Model => once(&mut self.model, "MODEL", at, arguments, parts::model),
            Keyword::Name => once(&mut self.name, "NAME", at, arguments, parts::name),
            Keyword::Exec => once(&mut self.exec, "EXEC", at, arguments, parts::exec),
            Keyword::Context => {
                self.contexts.push(parts::context(arguments)?);
                Ok(())
            }
            Keyword::Config => {
                self.settings.push(parts::config(arguments)?);
                Ok(())
            }
            Keyword::Bin => self.bin(at, arguments),
            Keyword::Add => self.data(at, arguments),
            Keyword::Label => {
                let label = parts::label(arguments)?;
                self.labels.insert(label.key, label.value);
                Ok(())
            }
            Keyword::Arg => self.arg(parts::arg(arguments)?),
            Keyword::Env => {
                self.envs.push(parts::env(arguments)?);
                Ok(())
            }
            Keyword::Capability => {
                self.capabilities.extend(parts::capabilities(arguments)?);
                Ok(())
            }
        }
    }

    fn from(&mut self, at: Position, arguments: Arguments) -> Result<(), Fault> {
        refuse_repeat("FROM", self.from.as_ref().map(|first| first.at.line), at)?;
        self.from = Some(From {
            image: None,
            at,
            image_at: at,
        });
        let parts::Base {
            image,
            at: image_at,
        } = parts::from(arguments)?;
        self.from = Some(From {
            image,
            at,
            image_at,
        });
        Ok(())
    }

    /// A runtime has settings of its own, so those above it are for another one and go.
    fn runtime(&mut self, at: Position, arguments: Arguments) -> Result<(), Fault> {
        once(&mut self.runtime, "RUNTIME", at, arguments, parts::runtime)?;
        self.settings.clear();
        Ok(())
    }

    fn bin(&mut self, at: Position, arguments: Arguments) -> Result<(), Fault> {
        let placed = parts::bin(arguments)?;
        let name = &placed.bin.name;
        if let Some(first) = self.bin_lines.insert(name.clone(), at.line) {
            let second = at.line;
            return Err(Fault::new(
                placed.at,
                format!(
                    "two tools are called {name}, on lines {first} and {second}; rename one of \
                     them"
                ),
            ));
        }
        self.bins.push(placed);
        Ok(())
    }

    fn data(&mut self, at: Position, arguments: Arguments) -> Result<(), Fault> {
        let placed = parts::add(arguments)?;
        let name = &placed.add.name;
        if let Some(first) = self.add_lines.insert(name.to_ascii_lowercase(), at.line) {
            let second = at.line;
            return Err(Fault::new(
                placed.at,
                format!(
                    "two files become {}, on lines {first} and {second}; give one of them another \
                     name",
                    shown(&format!("etc/data/{name}"))
                ),
            ));
        }
        self.adds.push(placed);
        Ok(())
    }

    fn arg(&mut self, arg: parts::Arg) -> Result<(), Fault> {
        let parts::Arg { name, default } = arg;
        let value = self.given.get(&name).cloned().or(default);
        match &value {
            Some(value) => self.values.insert(name.clone(), value.clone()),
            None => self.values.remove(&name),
        };
        self.args.insert(name, value);
        Ok(())
    }

    /// Names of given values that no `ARG` of the file has.
    pub(super) fn unused(&self) -> Vec<&str> {
        let unused = self
            .given
            .keys()
            .filter(|name| !self.args.contains_key(*name));
        unused.map(String::as_str).collect()
    }

    /// Returns true if both say the same, wherever their lines stand.
    pub(super) fn says_the_same(&self, other: &Self) -> bool {
        let image = |draft: &Self| draft.parent().map(|parent| parent.image);
        let contexts = |draft: &Self| -> Vec<_> {
            let contexts = draft.contexts.iter();
            contexts.map(|placed| placed.context.clone()).collect()
        };
        let configs = |draft: &Self| -> Vec<_> {
            let settings = draft.settings.iter();
            settings.map(|setting| setting.config.clone()).collect()
        };
        let bins = |draft: &Self| -> Vec<_> {
            let bins = draft.bins.iter();
            bins.map(|placed| placed.bin.clone()).collect()
        };
        let adds = |draft: &Self| -> Vec<_> {
            let adds = draft.adds.iter();
            adds.map(|placed| placed.add.clone()).collect()
        };
        image(self) == image(other)
            && value(&self.runtime) == value(&other.runtime)
            && value(&self.model) == value(&other.model)
            && value(&self.name) == value(&other.name)
            && value(&self.exec) == value(&other.exec)
            && contexts(self) == contexts(other)
            && configs(self) == configs(other)
            && bins(self) == bins(other)
            && adds(self) == adds(other)
            && self.labels == other.labels
            && self.args == other.args
            && self.envs == other.envs
            && self.capabilities == other.capabilities
    }

    /// The whole Agentfile, and every mistake that only all instructions together show. `parent` is
    /// what the image declares that it builds on, and `needed` are instructions that one of both
    /// must have.
    pub(super) fn finish(
        self,
        parent: Option<&Agentfile>,
        needed: Needed,
    ) -> Result<Agentfile, Vec<Fault>> {
        let Self {
            seen,
            from,
            runtime,
            model,
            name,
            exec,
            contexts: own_contexts,
            settings: own_settings,
            bins: own_bins,
            bin_lines: _,
            adds: own_adds,
            add_lines: _,
            labels: own_labels,
            args: own_args,
            values: _,
            given: _,
            envs: own_envs,
            capabilities: own_capabilities,
        } = self;
        let mut faults = Vec::new();
        // Without it, the first instruction is reported already.
        let Some(from) = from else {
            return Err(faults);
        };
        let mut settings = match (&runtime, parent) {
            (None, Some(parent)) => inherited(&parent.configs, from.image_at),
            _ => Vec::new(),
        };
        settings.extend(own_settings);
        let settings = last_of_each(settings, |setting| &setting.config.key);
        let bins = bins(parent, own_bins, &mut faults);
        let adds = adds(parent, own_adds, &mut faults);
        let mut contexts = parent.map_or_else(Vec::new, |parent| parent.contexts.clone());
        contexts.extend(own_contexts.into_iter().map(|placed| placed.context));
        let mut envs = parent.map_or_else(Vec::new, |parent| parent.envs.clone());
        envs.extend(own_envs);
        let mut labels = parent.map_or_else(BTreeMap::new, |parent| parent.labels.clone());
        labels.extend(own_labels);
        let mut args = parent.map_or_else(BTreeMap::new, |parent| parent.args.clone());
        args.extend(own_args);
        let mut capabilities =
            parent.map_or_else(BTreeSet::new, |parent| parent.capabilities.clone());
        capabilities.extend(own_capabilities);

        let name = name.map(|name| name.value);
        let name = name.or_else(|| parent?.name.clone());
        let model = model.map(|model| model.value);
        let model = model.or_else(|| parent?.model.clone());
        let wanted = [
            (Keyword::Name, needed.name && name.is_none(), "`NAME name`"),
            (
                Keyword::Model,
                needed.model && model.is_none(),
                "`MODEL provider/name`",
            ),
        ];
        let missing = wanted
            .into_iter()
            .filter(|(keyword, is_missing, _)| *is_missing && !seen.contains(keyword));
        faults.extend(missing.map(|(_, _, what)| {
            Fault::new(
                from.at,
                format!("the Agentfile that begins here lacks {what}; add it"),
            )
        }));
        let requests = requests(&settings, &bins).unwrap_or_else(|wrong| {
            faults.extend(wrong);
            BTreeMap::new()
        });
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Agentfile {
            from: from.image,
            name,
            runtime: runtime
                .map(|runtime| runtime.value)
                .or_else(|| parent?.runtime.clone()),
            model,
            contexts: keyed(contexts),
            configs: settings.into_iter().map(|setting| setting.config).collect(),
            bins,
            adds,
            requests,
            exec: exec
                .map(|exec| exec.value)
                .or_else(|| Some(parent?.exec.clone()))
                .unwrap_or_default(),
            labels,
            args,
            envs: last_of_each(envs, |env| &env.key),
            capabilities,
        })
    }
}

fn value<T>(once: &Option<Once<T>>) -> Option<&T> {
    once.as_ref().map(|once| &once.value)
}

/// Reads what may stand once. A repeat is refused, with both lines.
fn once<T>(
    slot: &mut Option<Once<T>>,
    keyword: &str,
    at: Position,
    arguments: Arguments,
    read: impl FnOnce(Arguments) -> Result<T, Fault>,
) -> Result<(), Fault> {
    refuse_repeat(keyword, slot.as_ref().map(|first| first.at.line), at)?;
    *slot = Some(Once {
        value: read(arguments)?,
        at,
    });
    Ok(())
}

fn refuse_repeat(keyword: &str, first: Option<usize>, again: Position) -> Result<(), Fault> {
    let Some(first) = first else { return Ok(()) };
    let second = again.line;
    Err(Fault::new(
        again,
        format!("`{keyword}` stands on lines {first} and {second}; keep one of them"),
    ))
}
