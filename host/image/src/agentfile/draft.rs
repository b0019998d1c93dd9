//! An Agentfile half read: the meaning of each instruction, and of all of them together.

mod parts;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::bin_request::{BinKey, BinRequest};
use super::declared::{Agentfile, Bin, Context, Env};
use super::error::{Fault, Position, shown};
use super::expand::Values;
use super::instruction::{Arguments, Instruction, Keyword};
use super::name::AgentName;
use super::room_request::{RoomKey, RoomRequest};
use crate::reference::Reference;
use parts::Setting;

/// The declarations so far, and their lines, so that a repeat can name both.
#[derive(Default)]
pub(super) struct Draft {
    /// Instructions that stand somewhere, also wrong ones: what is wrong is not missing too.
    seen: HashSet<Keyword>,
    from: Option<Position>,
    runtime: Option<Once<Reference>>,
    model: Option<Once<String>>,
    name: Option<Once<AgentName>>,
    exec: Option<Once<Vec<String>>>,
    contexts: Vec<Context>,
    settings: Vec<Setting>,
    bins: Vec<Bin>,
    bin_lines: HashMap<String, usize>,
    labels: BTreeMap<String, String>,
    args: BTreeMap<String, Option<String>>,
    /// The values of `args`, as far as they have any.
    values: Values,
    envs: Vec<Env>,
    capabilities: BTreeSet<String>,
}

/// A value that may stand once, and its line.
struct Once<T> {
    value: T,
    line: usize,
}

impl Draft {
    /// The values that stand for `${NAME}` from here on.
    pub(super) fn values(&self) -> &Values {
        &self.values
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
                "an Agentfile begins with `FROM scratch`; put it before this instruction",
            ));
        }
        match keyword {
            Keyword::From => self.from(at, arguments),
            Keyword::Runtime => once(&mut self.runtime, "RUNTIME", at, arguments, parts::runtime),
            Keyword::Model => once(&mut self.model, "MODEL", at, arguments, parts::model),
            Keyword::Name => once(&mut self.name, "NAME", at, arguments, parts::name),
            Keyword::Exec => once(&mut self.exec, "EXEC", at, arguments, parts::exec),
            Keyword::Context => self.context(parts::context(arguments)?),
            Keyword::Config => self.setting(parts::config(arguments)?),
            Keyword::Bin => self.bin(at, arguments),
            Keyword::Add => Err(Fault::new(
                at,
                "`ADD` is not supported yet: put the file into the workspace with `--copy-in`",
            )),
            Keyword::Label => {
                let label = parts::label(arguments)?;
                self.labels.insert(label.key, label.value);
                Ok(())
            }
            Keyword::Arg => self.arg(parts::arg(arguments)?),
            Keyword::Env => self.env(parts::env(arguments)?),
            Keyword::Capability => {
                self.capabilities.extend(parts::capabilities(arguments)?);
                Ok(())
            }
        }
    }

    fn from(&mut self, at: Position, mut arguments: Arguments) -> Result<(), Fault> {
        refuse_repeat("FROM", self.from.map(|first| first.line), at)?;
        self.from = Some(at);
        let (base, base_at) = arguments.word("`scratch`")?;
        if base != "scratch" {
            return Err(Fault::new(
                base_at,
                format!("only `FROM scratch` for now, not {}", shown(&base)),
            ));
        }
        arguments.finish("`FROM scratch` stands alone on its line")
    }

    /// Adds a context, in the place of one of the same name.
    fn context(&mut self, context: Context) -> Result<(), Fault> {
        let same = |other: &&mut Context| other.name.eq_ignore_ascii_case(&context.name);
        match self.contexts.iter_mut().find(same) {
            Some(earlier) => *earlier = context,
            None => self.contexts.push(context),
        }
        Ok(())
    }

    fn setting(&mut self, setting: Setting) -> Result<(), Fault> {
        self.settings
            .retain(|earlier| earlier.config.key != setting.config.key);
        self.settings.push(setting);
        Ok(())
    }

    fn bin(&mut self, at: Position, arguments: Arguments) -> Result<(), Fault> {
        let bin = parts::bin(arguments)?;
        if let Some(first) = self.bin_lines.insert(bin.bin.name.clone(), at.line) {
            let name = &bin.bin.name;
            let second = at.line;
            return Err(Fault::new(
                bin.at,
                format!(
                    "two tools are called {name}, on lines {first} and {second}; rename one of \
                     them"
                ),
            ));
        }
        self.bins.push(bin.bin);
        Ok(())
    }

    fn arg(&mut self, arg: parts::Arg) -> Result<(), Fault> {
        let parts::Arg { name, default } = arg;
        match &default {
            Some(value) => self.values.insert(name.clone(), value.clone()),
            None => self.values.remove(&name),
        };
        self.args.insert(name, default);
        Ok(())
    }

    fn env(&mut self, env: Env) -> Result<(), Fault> {
        self.envs.retain(|earlier| earlier.key != env.key);
        self.envs.push(env);
        Ok(())
    }

    /// The whole Agentfile, and every mistake that only all instructions together show.
    pub(super) fn finish(self) -> Result<Agentfile, Vec<Fault>> {
        let Self {
            seen,
            from,
            runtime,
            model,
            name,
            exec,
            contexts,
            settings,
            bins,
            bin_lines: _,
            labels,
            args,
            values: _,
            envs,
            capabilities,
        } = self;
        let mut faults = Vec::new();
        if let Some(from) = from {
            let wanted = [
                (Keyword::Name, "`NAME name`"),
                (Keyword::Model, "`MODEL provider/name`"),
            ];
            let missing = wanted
                .into_iter()
                .filter(|(keyword, _)| !seen.contains(keyword));
            faults.extend(missing.map(|(_, what)| {
                Fault::new(
                    from,
                    format!("the Agentfile that begins here lacks {what}; add it"),
                )
            }));
        }
        let requests = requests(&settings, &bins).unwrap_or_else(|wrong| {
            faults.extend(wrong);
            BTreeMap::new()
        });
        match (name, model) {
            (Some(name), Some(model)) if faults.is_empty() => Ok(Agentfile {
                name: name.value,
                runtime: runtime.map(|runtime| runtime.value),
                model: model.value,
                contexts,
                configs: settings.into_iter().map(|setting| setting.config).collect(),
                bins,
                requests,
                exec: exec.map(|exec| exec.value).unwrap_or_default(),
                labels,
                args,
                envs,
                capabilities,
            }),
            _ => Err(faults),
        }
    }
}

/// Reads what may stand once. A repeat is refused, with both lines.
fn once<T>(
    slot: &mut Option<Once<T>>,
    keyword: &str,
    at: Position,
    arguments: Arguments,
    read: impl FnOnce(Arguments) -> Result<T, Fault>,
) -> Result<(), Fault> {
    refuse_repeat(keyword, slot.as_ref().map(|first| first.line), at)?;
    *slot = Some(Once {
        value: read(arguments)?,
        line: at.line,
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

/// The requests of the settings for each BIN.
fn requests(
    settings: &[Setting],
    bins: &[Bin],
) -> Result<BTreeMap<String, BinRequest>, Vec<Fault>> {
    let mut requests: BTreeMap<String, BinRequest> = BTreeMap::new();
    let mut faults = Vec::new();
    for setting in settings {
        if let Err(fault) = request(setting, bins, &mut requests) {
            faults.push(fault);
        }
    }
    if faults.is_empty() {
        Ok(requests)
    } else {
        Err(faults)
    }
}

fn request(
    setting: &Setting,
    bins: &[Bin],
    requests: &mut BTreeMap<String, BinRequest>,
) -> Result<(), Fault> {
    let Setting {
        config,
        at,
        value_at,
    } = setting;
    let value = match &config.value {
        Some(value) => value.to_string(),
        // Whoever runs the agent gives it.
        None if config.required => return Ok(()),
        None if RoomKey::of(&config.key).is_some() || BinKey::of(&config.key, *at)?.is_some() => {
            return Err(Fault::new(
                *at,
                format!(
                    "{} asks for nothing; write `=` and a value",
                    shown(&config.key)
                ),
            ));
        }
        None => return Ok(()),
    };
    if let Some(key) = RoomKey::of(&config.key) {
        return RoomRequest::default().ask(key, &value, *value_at);
    }
    let Some(key) = BinKey::of(&config.key, *at)? else {
        return Ok(());
    };
    key.check(bins.iter().map(|bin| &*bin.name), *at)?;
    requests
        .entry(key.bin.to_owned())
        .or_default()
        .ask(&key, &value, *value_at)
}
