//! The config of an agent image: the resolved Agentfile as JSON, its fields in the order that the
//! specification gives, empty ones left out, indented by two spaces.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use cofferdam_capability::is_hiding;
use serde::{Deserialize, Deserializer, Serialize};

use super::text::{NotAWord, Text};
use crate::agentfile::{
    Add, Agentfile, AgentfileError, Bin, Config, ConfigValue, Context, Env, SYNTAX, parse,
};
use crate::error::Error;
use crate::reference::{Reference, ReferenceError};
use crate::store::limits::USAGE_MAX_BYTES;
use crate::tool_source::ToolSource;

/// The base of an Agentfile that builds on nothing.
const SCRATCH: &str = "scratch";

/// The longest path that a config says a file came from, in bytes: what Linux takes.
const PATH_MAX_BYTES: usize = 4096;

/// A config that is none of an agent: the rest of a sentence about it.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It is no JSON of this shape.
    #[error("cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// It is written for another parser.
    #[error("has the syntax `{}`; this host reads `{SYNTAX}`", .0.escape_debug())]
    Syntax(String),
    /// Something is not there.
    #[error("has no `{0}`")]
    Missing(&'static str),
    /// Something stands there twice.
    #[error("has two {0} called `{1}`")]
    Twice(&'static str, String),
    /// A name is not one word.
    #[error("{0}")]
    Word(#[from] NotAWord),
    /// The base is no image.
    #[error("names a base that is none: {0}")]
    From(#[from] ReferenceError),
    /// No Agentfile can say this.
    #[error("says what no Agentfile can: {0}")]
    Agentfile(String),
    /// A BIN is a file, which is somewhere on another machine.
    #[error("has BIN {0} as a file; in an image a BIN is an image")]
    File(String),
    /// A usage text is too long.
    #[error(
        "has a usage text of {size} bytes for BIN {bin}, at most {USAGE_MAX_BYTES} are allowed"
    )]
    Usage {
        /// The BIN.
        bin: String,
        /// The size of its text, in bytes.
        size: usize,
    },
    /// A path is too long, or cannot be shown.
    #[error("says that {0} came from a path that is none")]
    Path(String),
}

impl From<AgentfileError> for ConfigError {
    fn from(error: AgentfileError) -> Self {
        // Its places are those of a text that nobody has.
        let sentences = error.mistakes.iter().map(|mistake| mistake.message.clone());
        Self::Agentfile(sentences.collect::<Vec<_>>().join("; "))
    }
}

#[derive(Serialize, Deserialize)]
struct Document {
    #[serde(default, deserialize_with = "or_default")]
    #[serde(skip_serializing_if = "String::is_empty")]
    syntax: String,
    agent: Rows,
}

/// The agent. Lists may be `null`, as Go writes empty ones.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Rows {
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    from: String,
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    runtime: String,
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    model: String,
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    name: String,
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    contexts: Vec<ContextRow>,
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    configs: Vec<ConfigRow>,
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    bins: Vec<BinRow>,
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    adds: Vec<AddRow>,
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    exec: Vec<String>,
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    labels: BTreeMap<String, String>,
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    args: BTreeMap<String, Option<String>>,
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    envs: Vec<EnvRow>,
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    capabilities: Vec<String>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct ContextRow {
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    content: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    file: String,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct ConfigRow {
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<ValueRow>,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(skip_serializing_if = "is_false")]
    required: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum ValueRow {
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct BinRow {
    name: String,
    image: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    usage: String,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct AddRow {
    src: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    /// The older key, a path in the agent's tree.
    #[serde(skip_serializing_if = "String::is_empty")]
    dst: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct EnvRow {
    key: String,
    value: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
}

/// The config of a resolved Agentfile. The texts of contexts that came from files, and the files of
/// `ADD`, are in layers of their own alone.
///
/// # Errors
///
/// [`Error::Io`] if it cannot be written as JSON.
pub fn config_json(agentfile: &Agentfile) -> Result<Vec<u8>, Error> {
    let Agentfile {
        from,
        name,
        runtime,
        model,
        contexts,
        configs,
        bins,
        adds,
        requests: _,
        exec,
        labels,
        args,
        envs,
        capabilities,
    } = agentfile;
    let document = Document {
        syntax: SYNTAX.to_owned(),
        agent: Rows {
            from: from
                .as_ref()
                .map_or_else(|| SCRATCH.to_owned(), Reference::to_string),
            runtime: runtime
                .as_ref()
                .map(Reference::to_string)
                .unwrap_or_default(),
            model: model.clone(),
            name: name.to_string(),
            contexts: contexts.iter().map(ContextRow::of).collect(),
            configs: configs.iter().map(ConfigRow::of).collect(),
            bins: bins.iter().map(BinRow::of).collect(),
            adds: adds.iter().map(AddRow::of).collect(),
            exec: exec.clone(),
            labels: labels.clone(),
            args: args
                .iter()
                .map(|(name, value)| (name.clone(), Some(value.clone().unwrap_or_default())))
                .collect(),
            envs: envs.iter().map(EnvRow::of).collect(),
            capabilities: capabilities.iter().cloned().collect(),
        },
    };
    serde_json::to_vec_pretty(&document).map_err(Error::io("write a config"))
}

/// The resolved Agentfile that a config holds, checked as if somebody had written it. Texts of
/// contexts that came from files, and the files of `ADD`, stay empty.
///
/// # Errors
///
/// The config is no JSON of this shape, or no Agentfile could say the same.
pub fn from_config_json(bytes: &[u8]) -> Result<Agentfile, ConfigError> {
    let Document { syntax, agent } = serde_json::from_slice(bytes)?;
    if !matches!(syntax.as_str(), "" | SYNTAX) {
        return Err(ConfigError::Syntax(syntax.chars().take(80).collect()));
    }
    let mut agentfile = parse(&agent.written()?, "the config")?;
    agentfile.from = match agent.from.as_str() {
        "" | SCRATCH => None,
        image => Some(image.parse()?),
    };
    // The parser replaces an earlier context of a name; here two of them are two layers of a name.
    if let Some(name) = twice(agent.contexts.iter().map(|row| &row.name)) {
        return Err(ConfigError::Twice("contexts", name));
    }
    for (context, row) in agentfile.contexts.iter_mut().zip(&agent.contexts) {
        context.content.clone_from(&row.content);
        context.file = path(&row.file, &row.name)?;
    }
    for (bin, row) in agentfile.bins.iter_mut().zip(&agent.bins) {
        if matches!(bin.source, ToolSource::Path(_)) {
            return Err(ConfigError::File(bin.name.clone()));
        }
        if row.usage.len() as u64 > USAGE_MAX_BYTES {
            return Err(ConfigError::Usage {
                bin: bin.name.clone(),
                size: row.usage.len(),
            });
        }
        bin.usage = some(&row.usage);
    }
    for (add, row) in agentfile.adds.iter_mut().zip(&agent.adds) {
        add.source = path(&row.src, &add.name)?.unwrap_or_default();
    }
    Ok(agentfile)
}

impl Rows {
    /// The same as an Agentfile: what is no word where a word stands is refused, and everything
    /// else stands in quotes, so that nothing becomes an instruction by itself. Bodies of heredocs
    /// are left out: nothing in them has a meaning.
    fn written(&self) -> Result<String, ConfigError> {
        let missing = [("model", &self.model), ("name", &self.name)];
        if let Some((what, _)) = missing.into_iter().find(|(_, value)| value.is_empty()) {
            return Err(ConfigError::Missing(what));
        }
        let mut text = Text::begin("FROM");
        text.word(SCRATCH)?.end();
        text.instruction("NAME").word(&self.name)?.end();
        text.instruction("MODEL").word(&self.model)?.end();
        if !self.runtime.is_empty() {
            text.instruction("RUNTIME").word(&self.runtime)?.end();
        }
        for row in &self.contexts {
            text.instruction("CONTEXT")
                .word(&row.name)?
                .description(&row.description)
                .empty_heredoc();
        }
        for row in &self.bins {
            text.instruction("BIN")
                .word(&row.name)?
                .word(&row.image)?
                .description(&row.description)
                .end();
        }
        for row in &self.configs {
            text.instruction("CONFIG").word(&row.key)?;
            if row.required {
                text.required();
            }
            match &row.value {
                None => {}
                Some(ValueRow::Text(value)) => {
                    text.equals().quoted(value);
                }
                Some(value) => {
                    text.equals().word(&value.word())?;
                }
            }
            text.description(&row.description).end();
        }
        for row in &self.adds {
            // The path is of another machine; the name alone has a meaning here.
            let name = if row.name.is_empty() {
                &row.dst
            } else {
                &row.name
            };
            let name = name.rsplit('/').next().unwrap_or_default();
            text.instruction("ADD")
                .word(name)?
                .word(name)?
                .description(&row.description)
                .end();
        }
        if !self.exec.is_empty() {
            text.instruction("EXEC").list(&self.exec).end();
        }
        for (key, value) in &self.labels {
            text.instruction("LABEL")
                .word(key)?
                .equals()
                .quoted(value)
                .end();
        }
        for row in &self.envs {
            text.instruction("ENV")
                .word(&row.key)?
                .equals()
                .quoted(&row.value)
                .description(&row.description)
                .end();
        }
        for name in &self.capabilities {
            text.instruction("CAPABILITY").word(name)?.end();
        }
        // Last, so that they stand for nothing: everything above is expanded already.
        for (name, value) in &self.args {
            text.instruction("ARG").word(name)?;
            if let Some(value) = value.as_ref().filter(|value| !value.is_empty()) {
                text.equals().quoted(value);
            }
            text.end();
        }
        Ok(text.finish())
    }
}

impl ContextRow {
    fn of(context: &Context) -> Self {
        let Context {
            name,
            description,
            content,
            file,
        } = context;
        Self {
            name: name.clone(),
            description: description.clone().unwrap_or_default(),
            content: match file {
                None => content.clone(),
                Some(_) => String::new(),
            },
            file: file
                .as_ref()
                .map(|file| file.display().to_string())
                .unwrap_or_default(),
        }
    }
}

impl ConfigRow {
    fn of(config: &Config) -> Self {
        let Config {
            key,
            value,
            description,
            required,
        } = config;
        let value = value.as_ref().map(|value| match value {
            ConfigValue::Bool(value) => ValueRow::Bool(*value),
            ConfigValue::Integer(value) => ValueRow::Integer(*value),
            ConfigValue::Float(value) => ValueRow::Float(*value),
            ConfigValue::Text(value) => ValueRow::Text(value.clone()),
        });
        Self {
            key: key.clone(),
            value,
            description: description.clone().unwrap_or_default(),
            required: *required,
        }
    }
}

impl ValueRow {
    /// The word that is read as this value again.
    fn word(&self) -> String {
        match self {
            Self::Bool(value) => value.to_string(),
            Self::Integer(value) => value.to_string(),
            // With a point, also where nothing follows it.
            Self::Float(value) => format!("{value:?}"),
            Self::Text(value) => value.clone(),
        }
    }
}

impl BinRow {
    fn of(bin: &Bin) -> Self {
        let Bin {
            name,
            source,
            description,
            usage,
        } = bin;
        Self {
            name: name.clone(),
            image: match source {
                ToolSource::Path(path) => path.display().to_string(),
                ToolSource::Image(reference) => reference.to_string(),
            },
            description: description.clone().unwrap_or_default(),
            usage: usage.clone().unwrap_or_default(),
        }
    }
}

impl AddRow {
    fn of(add: &Add) -> Self {
        let Add {
            name,
            source,
            description,
            content: _,
        } = add;
        Self {
            src: source.display().to_string(),
            name: name.clone(),
            dst: String::new(),
            description: description.clone().unwrap_or_default(),
        }
    }
}

impl EnvRow {
    fn of(env: &Env) -> Self {
        let Env {
            key,
            value,
            description,
        } = env;
        Self {
            key: key.clone(),
            value: value.clone(),
            description: description.clone().unwrap_or_default(),
        }
    }
}

/// The first name that stands there twice, also where case is ignored.
fn twice<'a>(names: impl Iterator<Item = &'a String>) -> Option<String> {
    let mut seen = HashSet::new();
    let mut names = names.into_iter();
    names
        .find(|name| !seen.insert(name.to_ascii_lowercase()))
        .cloned()
}

/// A path that a config says something came from. It is shown, and never opened.
fn path(text: &str, what: &str) -> Result<Option<PathBuf>, ConfigError> {
    if text.len() > PATH_MAX_BYTES || text.chars().any(is_hiding) {
        return Err(ConfigError::Path(what.to_owned()));
    }
    Ok(Some(text)
        .filter(|text| !text.is_empty())
        .map(PathBuf::from))
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_false(value: &bool) -> bool {
    !value
}

/// `null` as the empty value.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}
