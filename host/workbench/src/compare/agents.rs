//! The differences between two versions of an agent, as far as its images say.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use cofferdam_capability::{Category, Ceiling, Change, ChangeKind, Digest, Limits, Manifest};
use cofferdam_image::Reference;
use cofferdam_image::agentfile::{
    Add, Agentfile, Bin, BinRequest, Config, RoomRequest, TurnRequest,
};

use super::tools::{ToolVersion, change, sorted, tools};

/// The ending of files that are policies. Those of an image forbid, and permit nothing.
const POLICY: &str = ".cedar";

/// One version of an agent.
#[derive(Debug, Clone)]
pub struct AgentVersion {
    /// Its resolved Agentfile.
    pub agentfile: Agentfile,
    /// Its BINs.
    pub bins: Vec<BinVersion>,
}

/// One version of a BIN.
#[derive(Debug, Clone)]
pub struct BinVersion {
    /// Its declaration.
    pub bin: Bin,
    /// The digest of its component.
    pub component: Digest,
    /// Its tool.
    pub tool: ToolVersion,
}

/// Two versions of a text.
struct Texts<'a> {
    old: &'a str,
    new: &'a str,
}

/// Returns the differences between two versions of an agent: the widened ones first. Values of
/// variables are not shown.
pub fn agents(old: &AgentVersion, new: &AgentVersion, ceiling: &Ceiling) -> Vec<Change> {
    // Whole, so that a new instruction has to be judged here before anything compiles.
    let Agentfile {
        from: _,
        name: _,
        runtime,
        model,
        contexts: _,
        configs,
        bins: _,
        adds,
        requests: _,
        exec,
        labels,
        args: _,
        envs: _,
        capabilities,
    } = &new.agentfile;
    let before = &old.agentfile;
    let mut changes = bins(&old.bins, &new.bins, ceiling);
    // Another provider reads everything that the agent does.
    let models = Texts {
        old: before.model.as_deref().unwrap_or_default(),
        new: model.as_deref().unwrap_or_default(),
    };
    changes.extend(models.differ(Category::Model, ChangeKind::Widened, "MODEL"));
    let names = Texts {
        old: before.name(),
        new: new.agentfile.name(),
    };
    changes.extend(names.differ(Category::Name, ChangeKind::Changed, "NAME"));
    changes.extend(contexts(before, &new.agentfile));
    changes.extend(settings(&before.configs, configs));
    changes.extend(requests(before, &new.agentfile));
    changes.extend(variables(before, &new.agentfile));
    changes.extend(files(&before.adds, adds));
    changes.extend(set(
        Category::Capability,
        &before.capabilities,
        capabilities,
    ));
    let image =
        |image: &Option<Reference>| image.as_ref().map_or_else(String::new, ToString::to_string);
    let runtimes = Texts {
        old: &image(&before.runtime),
        new: &image(runtime),
    };
    changes.extend(runtimes.differ(Category::Form, ChangeKind::Changed, "RUNTIME"));
    let arguments = Texts {
        old: &before.exec.join(" "),
        new: &exec.join(" "),
    };
    changes.extend(arguments.differ(Category::Setting, ChangeKind::Changed, "EXEC"));
    let keys: BTreeSet<&String> = before.labels.keys().chain(labels.keys()).collect();
    changes.extend(keys.into_iter().filter_map(|key| {
        let of = |labels: &BTreeMap<String, String>| labels.get(key).cloned();
        let was = of(&before.labels);
        let is = of(labels);
        let label = change(Category::Label, ChangeKind::Changed, key);
        (was != is).then(|| label.between(was, is))
    }));
    sorted(changes)
}

impl Texts<'_> {
    fn differ(&self, category: Category, kind: ChangeKind, subject: &str) -> Option<Change> {
        let shown = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        (self.old != self.new)
            .then(|| change(category, kind, subject).between(shown(self.old), shown(self.new)))
    }
}

/// The BINs by name: a new one with all its powers, one that stays with the differences of its
/// component and of what the agent says about it.
fn bins(old: &[BinVersion], new: &[BinVersion], ceiling: &Ceiling) -> Vec<Change> {
    let mut changes = Vec::new();
    for version in new {
        let name = &version.bin.name;
        match old.iter().find(|old| old.bin.name == *name) {
            Some(old) => changes.extend(bin(old, version, ceiling)),
            None => {
                changes.push(
                    change(Category::Bin, ChangeKind::Widened, name)
                        .between(None, Some(version.component.to_string())),
                );
                let nothing = ToolVersion {
                    manifest: Manifest::empty(),
                    surface: None,
                };
                let powers = tools(&nothing, &version.tool, ceiling).into_iter();
                let power = |change: &Change| {
                    change.kind == ChangeKind::Widened
                        && !matches!(change.category, Category::Name | Category::Description)
                };
                changes.extend(powers.filter(power).map(|change| change.of_bin(name)));
            }
        }
    }
    let gone = old
        .iter()
        .filter(|old| !new.iter().any(|version| version.bin.name == old.bin.name));
    changes.extend(gone.map(|version| {
        change(Category::Bin, ChangeKind::Narrowed, &version.bin.name)
            .between(Some(version.component.to_string()), None)
    }));
    changes
}

fn bin(old: &BinVersion, new: &BinVersion, ceiling: &Ceiling) -> Vec<Change> {
    let Bin {
        name,
        source: _,
        description,
        usage,
    } = &new.bin;
    let mut changes = Vec::new();
    if old.component != new.component {
        changes.extend(tools(&old.tool, &new.tool, ceiling));
        let component = change(Category::Bin, ChangeKind::Changed, name);
        changes.push(component.between(
            Some(old.component.to_string()),
            Some(new.component.to_string()),
        ));
    }
    let texts = [
        ("description", &old.bin.description, description),
        ("usage", &old.bin.usage, usage),
    ];
    for (subject, was, is) in texts {
        let texts = Texts {
            old: was.as_deref().unwrap_or_default(),
            new: is.as_deref().unwrap_or_default(),
        };
        changes.extend(texts.differ(Category::Description, ChangeKind::Widened, subject));
    }
    changes
        .into_iter()
        .map(|change| change.of_bin(name))
        .collect()
}

/// Texts of the prompt. One that is gone tells the model something else as well.
fn contexts(old: &Agentfile, new: &Agentfile) -> Vec<Change> {
    let names: BTreeSet<&String> = old
        .contexts
        .iter()
        .chain(&new.contexts)
        .map(|context| &context.name)
        .collect();
    let text = |agentfile: &Agentfile, name: &String| {
        let mut contexts = agentfile.contexts.iter();
        contexts
            .find(|context| context.name == *name)
            .map(|context| context.content.clone())
    };
    let differ = names.into_iter().filter_map(|name| {
        let was = text(old, name);
        let is = text(new, name);
        (was != is).then(|| change(Category::Context, ChangeKind::Widened, name).between(was, is))
    });
    differ.collect()
}

/// Settings beside the limits of BINs, which are compared by what they mean.
fn settings(old: &[Config], new: &[Config]) -> Vec<Change> {
    let keys: BTreeSet<&str> = old
        .iter()
        .chain(new)
        .map(|config| config.key.as_str())
        .collect();
    let differ = keys.into_iter().filter_map(|key| {
        let was = setting(old, key);
        let is = setting(new, key);
        let is_told = [was, is].into_iter().flatten().any(is_limit_of_bin);
        let differs = was.map(asked) != is.map(asked);
        (differs && !is_told).then(|| {
            change(Category::Setting, kind(key, was, is), key)
                .between(was.map(shown), is.map(shown))
        })
    });
    differ.collect()
}

fn setting<'a>(configs: &'a [Config], key: &str) -> Option<&'a Config> {
    configs.iter().find(|config| config.key == key)
}

/// The value, and true if whoever runs the agent has to give one.
fn asked(config: &Config) -> (Option<String>, bool) {
    let value = config.value.as_ref().map(ToString::to_string);
    (value, config.required)
}

/// The value as people read it; `!` for one that whoever runs the agent has to give.
fn shown(config: &Config) -> String {
    let without = if config.required { "!" } else { "" };
    let value = config.value.as_ref();
    value.map_or_else(|| without.to_owned(), ToString::to_string)
}

/// Returns true for a limit of a BIN with a value: `requests` compares it.
fn is_limit_of_bin(config: &Config) -> bool {
    config.key.starts_with("limit.") && config.value.is_some() && own_limit(config).is_none()
}

/// The amount of a limit that is the agent's own, of its room or of its turns: a number, bytes, or
/// nanoseconds.
fn own_limit(config: &Config) -> Option<u128> {
    let configs = std::slice::from_ref(config);
    let RoomRequest { bytes, entries } = RoomRequest::of(configs);
    let TurnRequest {
        fuel,
        wall,
        bytes: said,
        calls,
        tokens,
        ..
    } = TurnRequest::of(configs);
    let count = entries.or(fuel).or(calls).or(tokens);
    let size = bytes.or(said);
    let number = count.map(|count| count.0).or(size.map(|size| size.0));
    number
        .map(u128::from)
        .or(wall.map(|wall| wall.0.as_nanos()))
}

/// The kind of a difference between two values of a setting.
fn kind(key: &str, was: Option<&Config>, is: Option<&Config>) -> ChangeKind {
    if !is_request(key) {
        return ChangeKind::Changed;
    }
    let was = was.and_then(own_limit);
    let is = is.and_then(own_limit);
    match was.zip(is).map(|(was, is)| is.cmp(&was)) {
        Some(Ordering::Less) => ChangeKind::Narrowed,
        // The same amount in another unit.
        Some(Ordering::Equal) => ChangeKind::Changed,
        // Leaving one out may give more than naming it, so any other difference counts.
        Some(Ordering::Greater) | None => ChangeKind::Widened,
    }
}

/// Returns true for keys by which an agent asks for more than settings of its own.
fn is_request(key: &str) -> bool {
    ["grant.", "limit.", "retry."]
        .iter()
        .any(|beginning| key.starts_with(beginning))
}

/// Limits that the agent asks for its BINs. One that is asked for by one version alone is the
/// manifest's in the other, so it counts as widened.
fn requests(old: &Agentfile, new: &Agentfile) -> Vec<Change> {
    let names: BTreeSet<&String> = old.requests.keys().chain(new.requests.keys()).collect();
    let asked = |agentfile: &Agentfile, name: &String, key: &str| {
        let BinRequest { limits, .. } = agentfile.requests.get(name)?;
        let mut rows = limits.rows().into_iter();
        let row = rows.find(|row| row.name == key)?;
        let amount = Limits::DEFAULT.replaced(limits).amount(key)?;
        Some((row.value, amount))
    };
    let mut changes = Vec::new();
    for name in names {
        for key in Limits::NAMES {
            let was = asked(old, name, key);
            let is = asked(new, name, key);
            if was == is {
                continue;
            }
            let is_lower = was
                .as_ref()
                .zip(is.as_ref())
                .is_some_and(|(was, is)| is.1 < was.1);
            let kind = if is_lower {
                ChangeKind::Narrowed
            } else {
                ChangeKind::Widened
            };
            let value = |asked: Option<(String, u64)>| asked.map(|(value, _)| value);
            changes.push(
                change(Category::Limit, kind, key)
                    .between(value(was), value(is))
                    .of_bin(name),
            );
        }
    }
    changes
}

/// Variables by name. Values may be what only tools are to know.
fn variables(old: &Agentfile, new: &Agentfile) -> Vec<Change> {
    let names = |agentfile: &Agentfile| -> BTreeSet<String> {
        agentfile.envs.iter().map(|env| env.key.clone()).collect()
    };
    let mut changes = set(Category::Variable, &names(old), &names(new));
    for env in &new.envs {
        let before = old.envs.iter().find(|old| old.key == env.key);
        let Some(before) = before else { continue };
        if before.value != env.value {
            let value = change(Category::Variable, ChangeKind::Changed, &env.key);
            changes.push(value.between(None, Some("another value".to_owned())));
        }
        let texts = Texts {
            old: before.description.as_deref().unwrap_or_default(),
            new: env.description.as_deref().unwrap_or_default(),
        };
        let subject = format!("ENV {}", env.key);
        changes.extend(texts.differ(Category::Description, ChangeKind::Widened, &subject));
    }
    changes
}

/// Files of `ADD`. A policy of an image can only forbid: one more narrows, and any other difference
/// of them may let something through.
fn files(old: &[Add], new: &[Add]) -> Vec<Change> {
    let names: BTreeSet<&String> = old.iter().chain(new).map(|add| &add.name).collect();
    let mut changes = Vec::new();
    for name in names {
        let find = |adds: &'_ [Add]| adds.iter().find(|add| add.name == *name).cloned();
        let was = find(old);
        let is = find(new);
        let digest = |add: &Option<Add>| {
            let add = add.as_ref()?;
            Some(Digest::of(&add.content).to_string())
        };
        let is_policy = name.ends_with(POLICY);
        let kind = match (&was, &is) {
            (None, Some(_)) if is_policy => ChangeKind::Narrowed,
            (None, _) => ChangeKind::Widened,
            (Some(_), _) if is_policy => ChangeKind::Widened,
            (Some(_), None) => ChangeKind::Narrowed,
            (Some(_), Some(_)) => ChangeKind::Changed,
        };
        if digest(&was) != digest(&is) {
            changes.push(change(Category::File, kind, name).between(digest(&was), digest(&is)));
        }
        if let (Some(was), Some(is)) = (&was, &is) {
            let texts = Texts {
                old: was.description.as_deref().unwrap_or_default(),
                new: is.description.as_deref().unwrap_or_default(),
            };
            let subject = format!("ADD {name}");
            changes.extend(texts.differ(Category::Description, ChangeKind::Widened, &subject));
        }
    }
    changes
}

/// Names that are new, and names that are gone.
fn set(category: Category, old: &BTreeSet<String>, new: &BTreeSet<String>) -> Vec<Change> {
    let come = new
        .difference(old)
        .map(|name| change(category, ChangeKind::Widened, name).between(None, Some(name.clone())));
    let gone = old
        .difference(new)
        .map(|name| change(category, ChangeKind::Narrowed, name).between(Some(name.clone()), None));
    come.chain(gone).collect()
}
