//! One instruction after its keyword.

use std::path::{Component, PathBuf};

use bytes::Bytes;

use super::super::declared::{Add, Bin, Config, ConfigValue, Context, Env};
use super::super::env_name::refusal;
use super::super::error::{Fault, Position, shown};
use super::super::instruction::{Arguments, Value};
use super::super::name::{
    AgentName, NameError, is_add_name, is_bin_name, is_context_name, is_data_directory,
    is_generated,
};
use super::super::token::Token;
use crate::reference::Reference;
use crate::tool_source::ToolSource;

/// The longest key of a setting, and the longest name of a capability or an `ARG`, in bytes.
const KEY_MAX_BYTES: usize = 128;

/// The beginning of labels that the host writes itself: labels are annotations of the image.
const HOSTS_LABELS: &str = "io.cofferdam.";

/// The beginning of a word that names a file.
const FILE: &str = "file://";

/// A setting, with the places of its key and its value.
pub(super) struct Setting {
    pub(super) config: Config,
    pub(super) at: Position,
    pub(super) value_at: Position,
}

/// A BIN, with the place of its name.
pub(super) struct PlacedBin {
    pub(super) bin: Bin,
    pub(super) at: Position,
}

/// A file of `ADD`, with the places of its name and of the file.
pub(in super::super) struct PlacedAdd {
    pub(in super::super) add: Add,
    pub(super) at: Position,
    pub(in super::super) source_at: Position,
}

/// A context, with the place of its file, or else of its name.
pub(in super::super) struct PlacedContext {
    pub(in super::super) context: Context,
    pub(in super::super) at: Position,
}

/// The base of an Agentfile, with its place.
pub(super) struct Base {
    /// None for `scratch`.
    pub(super) image: Option<Reference>,
    pub(super) at: Position,
}

/// A label.
pub(super) struct Label {
    pub(super) key: String,
    pub(super) value: String,
}

/// A name that stands for a value while the file is read.
pub(super) struct Arg {
    pub(super) name: String,
    pub(super) default: Option<String>,
}

pub(super) fn from(mut arguments: Arguments) -> Result<Base, Fault> {
    let (base, at) = arguments.word("`scratch` or an image")?;
    let image = match base.as_str() {
        "scratch" => None,
        image => {
            let image = image.parse::<Reference>();
            Some(image.map_err(|error| {
                let problem = format!("{error}; `FROM scratch` builds on nothing");
                Fault::new(at, problem)
            })?)
        }
    };
    arguments.finish("`FROM` takes `scratch` or one image")?;
    Ok(Base { image, at })
}

pub(super) fn runtime(mut arguments: Arguments) -> Result<Reference, Fault> {
    let (written, at) = arguments.word("the image of a runtime")?;
    arguments.finish("`RUNTIME` takes one image")?;
    written
        .parse()
        .map_err(|error| Fault::new(at, format!("{error}")))
}

pub(super) fn model(mut arguments: Arguments) -> Result<String, Fault> {
    let (model, at) = arguments.word("a model, written `provider/name`")?;
    match model.split_once('/') {
        Some((provider, name)) if !provider.is_empty() && !name.is_empty() => {}
        _ => {
            return Err(Fault::new(
                at,
                format!(
                    "a model is written `provider/name`; {} is not",
                    shown(&model)
                ),
            ));
        }
    }
    arguments.finish("`MODEL` takes one word, `provider/name`")?;
    Ok(model)
}

pub(super) fn name(mut arguments: Arguments) -> Result<AgentName, Fault> {
    let (name, at) = arguments.word("the agent's name")?;
    let name = name
        .parse()
        .map_err(|error: NameError| Fault::new(at, error.to_string()))?;
    arguments.finish("`NAME` takes one word")?;
    Ok(name)
}

/// `["a", "b"]`: the lexer makes words of brackets and commas.
pub(super) fn exec(mut arguments: Arguments) -> Result<Vec<String>, Fault> {
    const FORM: &str = "`EXEC` takes a list of strings, such as `[\"serve\", \"--verbose\"]`";
    let word = |word: &str| Token::Word(word.to_owned());
    let mut list = Vec::new();
    if arguments.takes(&word("[]")) {
        arguments.finish(FORM)?;
        return Ok(list);
    }
    let wrong =
        |(token, at): (Token, Position)| Err(Fault::new(at, format!("found {token}; {FORM}")));
    match arguments.take("`[`")? {
        (Token::Word(bracket), _) if bracket == "[" => {}
        found => return wrong(found),
    }
    if arguments.takes(&word("]")) {
        arguments.finish(FORM)?;
        return Ok(list);
    }
    loop {
        match arguments.take("a string")? {
            (Token::Text(text), _) => list.push(text),
            found => return wrong(found),
        }
        match arguments.take("`,` or `]`")? {
            (Token::Word(end), _) if end == "]" => break,
            (Token::Word(comma), _) if comma == "," => {}
            found => return wrong(found),
        }
    }
    arguments.finish(FORM)?;
    Ok(list)
}

pub(super) fn context(mut arguments: Arguments) -> Result<PlacedContext, Fault> {
    let (name, at) = arguments.word("the context's name")?;
    if !is_context_name(&name) {
        return Err(Fault::new(
            at,
            format!(
                "a context's name becomes a file name: 1 to 63 letters, digits, `.`, `_` or `-`, \
                 the first a letter or a digit; {} is not",
                shown(&name)
            ),
        ));
    }
    if is_generated(&name) {
        return Err(Fault::new(
            at,
            format!("the host writes {name}.md itself; give this context another name"),
        ));
    }
    let description = arguments.text();
    let file = arguments.file();
    let end = arguments.end();
    let body = arguments.body();
    arguments.finish("a context is `CONTEXT name [\"description\"] <<EOF` or `… file://PATH`")?;
    let content = match (&file, body) {
        (None, Some(body)) => body,
        (Some(_), None) => String::new(),
        (Some((_, file_at)), Some(_)) => {
            return Err(Fault::new(
                *file_at,
                format!("context {name} has a file and a heredoc; keep one of them"),
            ));
        }
        (None, None) => {
            return Err(Fault::new(
                end,
                format!(
                    "context {name} has no text; end the line with `<<EOF`, or name a file, \
                     `file://PATH`"
                ),
            ));
        }
    };
    let at = file.as_ref().map_or(at, |(_, file_at)| *file_at);
    let file = file.map(|(written, at)| beside(&written, at)).transpose()?;
    Ok(PlacedContext {
        context: Context {
            name,
            description,
            content,
            file,
        },
        at,
    })
}

/// `ADD src [name] ["description"]`, and the older `ADD src dst`, whose last part is the name.
pub(super) fn add(mut arguments: Arguments) -> Result<PlacedAdd, Fault> {
    const FORM: &str = "a file is `ADD file [name] [\"description\"]`";
    let (written, source_at) = match arguments.file() {
        Some(file) => file,
        None => arguments.word("a file that lies beside the Agentfile")?,
    };
    let source = beside(&written, source_at)?;
    let (given, at) = match arguments.optional_word() {
        Some((given, at)) => (Some(given), at),
        None => (None, source_at),
    };
    let description = arguments.text();
    arguments.finish(FORM)?;
    // A directory at the end means the name that the file has.
    let last = given
        .as_deref()
        .map(|given| given.rsplit('/').next().unwrap_or_default());
    let name = match last {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => source
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default(),
    };
    if !is_add_name(&name) {
        return Err(Fault::new(
            at,
            format!(
                "the name of a file is 1 to 128 letters, digits, `.`, `_` or `-`, the first a \
                 letter, a digit or `_`; {} is not: write another after the file",
                shown(&name)
            ),
        ));
    }
    if is_data_directory(&name) {
        return Err(Fault::new(
            at,
            format!("the host makes etc/data/{name} itself; write another name after the file"),
        ));
    }
    Ok(PlacedAdd {
        add: Add {
            name,
            source,
            description,
            content: Bytes::new(),
        },
        at,
        source_at,
    })
}

/// The path in `file://PATH`, which must lie beside the Agentfile or below: an Agentfile from
/// elsewhere may not bring other files of its reader into a prompt.
fn beside(written: &str, at: Position) -> Result<PathBuf, Fault> {
    let path = PathBuf::from(written.strip_prefix(FILE).unwrap_or(written));
    let mut parts = path.components().peekable();
    let is_below = parts.peek().is_some()
        && parts.all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if is_below {
        return Ok(path);
    }
    Err(Fault::new(
        at,
        format!(
            "{} does not lie beside the Agentfile; write a path from its directory, such as \
             `{FILE}docs/soul.md`",
            shown(written)
        ),
    ))
}

pub(super) fn config(mut arguments: Arguments) -> Result<Setting, Fault> {
    const FORM: &str = "a setting is `CONFIG key[!][=value] [\"description\"]`";
    const JSON_FORM: &str = "JSON is written as one text, with `\\` before its quotes: \
                             `CONFIG key=\"[\\\"a\\\", \\\"b\\\"]\"`";
    let (key, at) = arguments.word("a key")?;
    check_key("a key", &key, at, ".-_")?;
    let required = arguments.takes(&Token::Bang);
    let mut value_at = at;
    let mut value = None;
    let mut form = FORM;
    if arguments.takes(&Token::Equals) {
        if required {
            return Err(Fault::new(
                at,
                format!(
                    "{} is required, so who runs the agent gives its value; leave out `!` or the \
                     value",
                    shown(&key)
                ),
            ));
        }
        let Value { text, at, quoted } =
            arguments.value("a value; write `\"\"` for an empty one")?;
        value_at = at;
        if !quoted && text.starts_with(['[', '{']) {
            form = JSON_FORM;
        }
        value = Some(if quoted {
            ConfigValue::Text(text)
        } else {
            ConfigValue::of_word(&text)
        });
    }
    let description = arguments.text();
    arguments.finish(form)?;
    Ok(Setting {
        config: Config {
            key,
            value,
            description,
            required,
        },
        at,
        value_at,
    })
}

pub(super) fn bin(mut arguments: Arguments) -> Result<PlacedBin, Fault> {
    let (name, at) = arguments.word("the tool's name")?;
    if !is_bin_name(&name) {
        return Err(Fault::new(
            at,
            format!(
                "a model calls a tool by 1 to 63 letters, digits, `_` or `-`, the first a letter \
                 or a digit; {} is not such a name",
                shown(&name)
            ),
        ));
    }
    let (source, source_at) = arguments.word("a path such as `./wc.wasm`, or an image")?;
    let source: ToolSource = source.parse().map_err(|error| {
        Fault::new(
            source_at,
            format!("{error}; a path begins with `./` or ends in `.wasm`"),
        )
    })?;
    let description = arguments.text();
    let usage = arguments.body();
    arguments.finish("a tool is `BIN name path-or-image [\"description\"] [<<EOF]`")?;
    Ok(PlacedBin {
        bin: Bin {
            name,
            source,
            description,
            usage,
        },
        at,
    })
}

pub(super) fn label(mut arguments: Arguments) -> Result<Label, Fault> {
    let (key, at) = arguments.word("a label, written `key=value`")?;
    if key.starts_with(HOSTS_LABELS) {
        return Err(Fault::new(
            at,
            format!(
                "labels that begin with `{HOSTS_LABELS}` are this host's own; call {} otherwise",
                shown(&key)
            ),
        ));
    }
    equals(&mut arguments, "label")?;
    let value = arguments.value("the label's value; write `\"\"` for an empty one")?;
    arguments.finish(
        "a label is one `key=value`, and a value with spaces, `=` or `!` stands in double quotes",
    )?;
    Ok(Label {
        key,
        value: value.text,
    })
}

pub(super) fn arg(mut arguments: Arguments) -> Result<Arg, Fault> {
    let (name, at) = arguments.word("a name")?;
    check_key("the name of an `ARG`", &name, at, "_")?;
    let default = if arguments.takes(&Token::Equals) {
        let value = arguments.value("a value; write `\"\"` for an empty one")?;
        Some(value.text)
    } else {
        None
    };
    arguments.finish(
        "an argument is `ARG name[=default]`, and a default with spaces, `=` or `!` stands in \
         double quotes",
    )?;
    Ok(Arg { name, default })
}

pub(super) fn env(mut arguments: Arguments) -> Result<Env, Fault> {
    let (key, at) = arguments.word("a variable, written `KEY=value`")?;
    if let Some(problem) = refusal(&key) {
        return Err(Fault::new(at, format!("{} {problem}", shown(&key))));
    }
    equals(&mut arguments, "variable")?;
    let value = arguments.value("the variable's value; write `\"\"` for an empty one")?;
    let description = arguments.text();
    arguments.finish(
        "a variable is `ENV KEY=value [\"description\"]`, and a value with spaces, `=` or `!` \
         stands in double quotes",
    )?;
    Ok(Env {
        key,
        value: value.text,
        description,
    })
}

/// Names with `_`, as daemons have them, and with `-`, as the newest specification wants them.
pub(super) fn capabilities(mut arguments: Arguments) -> Result<Vec<String>, Fault> {
    let (first, at) = arguments.word("the name of a capability")?;
    check_key("the name of a capability", &first, at, "_-")?;
    let mut names = vec![first];
    while let Some((name, at)) = arguments.optional_word() {
        check_key("the name of a capability", &name, at, "_-")?;
        names.push(name);
    }
    arguments.finish("`CAPABILITY` takes names")?;
    Ok(names)
}

/// The `=` that must come next.
fn equals(arguments: &mut Arguments, kind: &str) -> Result<(), Fault> {
    match arguments.take(&format!("`=` and the {kind}'s value"))? {
        (Token::Equals, _) => Ok(()),
        (other, at) => Err(Fault::new(
            at,
            format!("a {kind} is written `key=value`; found {other} instead of `=`"),
        )),
    }
}

fn check_key(kind: &str, key: &str, at: Position, also: &str) -> Result<(), Fault> {
    let begins = key.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let fits = |c: char| c.is_ascii_alphanumeric() || also.contains(c);
    if begins && key.len() <= KEY_MAX_BYTES && key.chars().all(fits) {
        return Ok(());
    }
    let also: Vec<_> = also.chars().map(|c| format!("`{c}`")).collect();
    Err(Fault::new(
        at,
        format!(
            "{kind} is 1 to {KEY_MAX_BYTES} letters, digits and {}; {} is not",
            also.join(" "),
            shown(key)
        ),
    ))
}
