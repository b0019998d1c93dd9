//! The config of an agent image: the resolved Agentfile as JSON, its fields in the order that the
//! specification gives, empty ones left out, indented by two spaces.

mod rows;

use std::collections::HashSet;
use std::path::PathBuf;

use cofferdam_capability::is_hiding;

use super::text::{NotAWord, Text};
use crate::agentfile::{Agentfile, AgentfileError, Needed, SYNTAX, parse_needing};
use crate::error::Error;
use crate::reference::{Reference, ReferenceError};
use crate::store::limits::USAGE_MAX_BYTES;
use crate::tool_source::ToolSource;
use rows::{AddRow, BinRow, ConfigRow, ContextRow, Document, EnvRow, Rows, ValueRow};

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
            model: model.clone().unwrap_or_default(),
            name: name.as_ref().map(ToString::to_string).unwrap_or_default(),
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
    let mut agentfile = parse_needing(&written(&agent)?, "the config", Needed::IMAGE)?;
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

/// The same as an Agentfile: what is no word where a word stands is refused, and everything else
/// stands in quotes, so that nothing becomes an instruction by itself. Bodies of heredocs are left
/// out: nothing in them has a meaning.
fn written(rows: &Rows) -> Result<String, ConfigError> {
    let mut text = Text::begin("FROM");
    text.word(SCRATCH)?.end();
    // Whoever builds on the image, or runs it, says what is not there.
    let once = [
        ("NAME", &rows.name),
        ("MODEL", &rows.model),
        ("RUNTIME", &rows.runtime),
    ];
    for (keyword, value) in once.into_iter().filter(|(_, value)| !value.is_empty()) {
        text.instruction(keyword).word(value)?.end();
    }
    for row in &rows.contexts {
        text.instruction("CONTEXT")
            .word(&row.name)?
            .description(&row.description)
            .empty_heredoc();
    }
    for row in &rows.bins {
        text.instruction("BIN")
            .word(&row.name)?
            .word(&row.image)?
            .description(&row.description)
            .end();
    }
    for row in &rows.configs {
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
    for row in &rows.adds {
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
    if !rows.exec.is_empty() {
        text.instruction("EXEC").list(&rows.exec).end();
    }
    for (key, value) in &rows.labels {
        text.instruction("LABEL")
            .word(key)?
            .equals()
            .quoted(value)
            .end();
    }
    for row in &rows.envs {
        text.instruction("ENV")
            .word(&row.key)?
            .equals()
            .quoted(&row.value)
            .description(&row.description)
            .end();
    }
    for name in &rows.capabilities {
        text.instruction("CAPABILITY").word(name)?.end();
    }
    // Last, so that they stand for nothing: everything above is expanded already.
    for (name, value) in &rows.args {
        text.instruction("ARG").word(name)?;
        if let Some(value) = value.as_ref().filter(|value| !value.is_empty()) {
            text.equals().quoted(value);
        }
        text.end();
    }
    Ok(text.finish())
}

/// The first name that stands there twice, also where case is ignored.
fn twice<'a>(mut names: impl Iterator<Item = &'a String>) -> Option<String> {
    let mut seen = HashSet::new();
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
