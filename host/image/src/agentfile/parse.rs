//! Meaning of the instructions of an Agentfile together.

use std::collections::{BTreeMap, HashMap};

use super::declared::{Agentfile, Bin, Context};
use super::error::{AgentfileError, Fault, Position, shown};
use super::instruction::{Arguments, Instruction, Keyword};
use super::lines::{Lines, START};
use super::name::{AgentName, NameError, is_bin_name, is_context_name, is_generated};
use super::token::Token;
use crate::tool_source::ToolSource;

/// Parses the text of an Agentfile. `file` is how errors call it.
pub fn parse(text: &str, file: &str) -> Result<Agentfile, AgentfileError> {
    understand(text).map_err(|fault| fault.in_file(file))
}

fn understand(text: &str) -> Result<Agentfile, Fault> {
    let mut lines = Lines::of(text)?;
    let mut draft = Draft::default();
    while let Some(instruction) = Instruction::next(&mut lines)? {
        draft.add(instruction)?;
    }
    draft.finish()
}

/// An Agentfile half read: what was given so far and on which line, so that a repeat can name both.
#[derive(Default)]
struct Draft {
    from: Option<Position>,
    name: Option<(AgentName, usize)>,
    model: Option<(String, usize)>,
    contexts: Vec<Context>,
    context_lines: HashMap<String, usize>,
    bins: Vec<Bin>,
    bin_lines: HashMap<String, usize>,
    labels: BTreeMap<String, String>,
}

impl Draft {
    fn add(&mut self, instruction: Instruction) -> Result<(), Fault> {
        let Instruction {
            keyword,
            at,
            arguments,
        } = instruction;
        if self.from.is_none() && keyword != Keyword::From {
            return Err(Fault::new(
                at,
                "an Agentfile begins with `FROM scratch`; put it before this instruction",
            ));
        }
        match keyword {
            Keyword::From => self.from(at, arguments),
            Keyword::Name => self.name(at, arguments),
            Keyword::Model => self.model(at, arguments),
            Keyword::Context => self.context(arguments),
            Keyword::Bin => self.bin(arguments),
            Keyword::Label => self.label(arguments),
        }
    }

    fn from(&mut self, at: Position, mut arguments: Arguments) -> Result<(), Fault> {
        refuse_repeat("FROM", self.from.map(|first| first.line), at)?;
        let (base, base_at) = arguments.word("`scratch`")?;
        if base != "scratch" {
            return Err(Fault::new(
                base_at,
                format!("only `FROM scratch` for now, not {}", shown(&base)),
            ));
        }
        arguments.finish("`FROM scratch` stands alone on its line")?;
        self.from = Some(at);
        Ok(())
    }

    fn name(&mut self, at: Position, mut arguments: Arguments) -> Result<(), Fault> {
        refuse_repeat("NAME", self.name.as_ref().map(|(_, line)| *line), at)?;
        let (name, name_at) = arguments.word("the agent's name")?;
        let name = name
            .parse()
            .map_err(|error: NameError| Fault::new(name_at, error.to_string()))?;
        arguments.finish("`NAME` takes one word")?;
        self.name = Some((name, at.line));
        Ok(())
    }

    fn model(&mut self, at: Position, mut arguments: Arguments) -> Result<(), Fault> {
        refuse_repeat("MODEL", self.model.as_ref().map(|(_, line)| *line), at)?;
        let (model, model_at) = arguments.word("a model, written `provider/name`")?;
        match model.split_once('/') {
            Some((provider, name)) if !provider.is_empty() && !name.is_empty() => {}
            _ => {
                let problem = format!(
                    "a model is written `provider/name`; {} is not",
                    shown(&model)
                );
                return Err(Fault::new(model_at, problem));
            }
        }
        arguments.finish("`MODEL` takes one word, `provider/name`")?;
        self.model = Some((model, at.line));
        Ok(())
    }

    fn context(&mut self, mut arguments: Arguments) -> Result<(), Fault> {
        let (name, at) = arguments.word("the context's name")?;
        if !is_context_name(&name) {
            return Err(Fault::new(
                at,
                format!(
                    "a context's name becomes a file name: 1 to 63 letters, digits, `.`, `_` or \
                     `-`, the first a letter or a digit; {} is not",
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
        refuse_taken(
            "context",
            &name,
            name.to_ascii_lowercase(),
            &mut self.context_lines,
            at,
        )?;

        let description = arguments.text();
        if let Some((file, file_at)) = arguments.file() {
            let problem = format!(
                "{} is not supported yet; write the text into a heredoc, `<<EOF`",
                shown(&file)
            );
            return Err(Fault::new(file_at, problem));
        }
        let end = arguments.end();
        let body = arguments.body();
        arguments.finish("a context is `CONTEXT name [\"description\"] <<EOF`")?;
        let Some(content) = body else {
            return Err(Fault::new(
                end,
                format!("context {name} has no text; end the line with `<<EOF`"),
            ));
        };
        self.contexts.push(Context {
            name,
            description,
            content,
        });
        Ok(())
    }

    fn bin(&mut self, mut arguments: Arguments) -> Result<(), Fault> {
        let (name, at) = arguments.word("the tool's name")?;
        if !is_bin_name(&name) {
            return Err(Fault::new(
                at,
                format!(
                    "a model calls a tool by 1 to 63 letters, digits, `_` or `-`, the first a \
                     letter or a digit; {} is not such a name",
                    shown(&name)
                ),
            ));
        }
        refuse_taken("tool", &name, name.clone(), &mut self.bin_lines, at)?;

        let (source, source_at) = arguments.word("a path such as `./wc.wasm`, or an image")?;
        let source = tool_source(&source, source_at)?;
        let description = arguments.text();
        let usage = arguments.body();
        arguments.finish("a tool is `BIN name path-or-image [\"description\"] [<<EOF]`")?;
        self.bins.push(Bin {
            name,
            source,
            description,
            usage,
        });
        Ok(())
    }

    fn label(&mut self, mut arguments: Arguments) -> Result<(), Fault> {
        let (key, _) = arguments.word("a label, written `key=value`")?;
        match arguments.take("`=` and the label's value")? {
            (Token::Equals, _) => {}
            (other, at) => {
                return Err(Fault::new(
                    at,
                    format!("a label is written `key=value`; found {other} instead of `=`"),
                ));
            }
        }
        let value = match arguments.take("the label's value; write `\"\"` for an empty one")? {
            (Token::Word(value) | Token::Text(value) | Token::File(value), _) => value,
            (other, at) => {
                return Err(Fault::new(
                    at,
                    format!("a value that begins with {other} stands in double quotes"),
                ));
            }
        };
        arguments.finish(
            "a label is one `key=value`, and a value with spaces, `=` or `!` stands in double \
             quotes",
        )?;
        self.labels.insert(key, value);
        Ok(())
    }

    fn finish(self) -> Result<Agentfile, Fault> {
        let Self {
            from,
            name,
            model,
            contexts,
            context_lines: _,
            bins,
            bin_lines: _,
            labels,
        } = self;
        let Some(from) = from else {
            return Err(Fault::new(
                START,
                "the file has no instruction; an Agentfile begins with `FROM scratch`",
            ));
        };
        let missing = |what| {
            Fault::new(
                from,
                format!("the Agentfile that begins here lacks {what}; add it"),
            )
        };
        let (name, _) = name.ok_or_else(|| missing("`NAME name`"))?;
        let (model, _) = model.ok_or_else(|| missing("`MODEL provider/name`"))?;
        Ok(Agentfile {
            name,
            model,
            contexts,
            bins,
            labels,
        })
    }
}

fn tool_source(source: &str, at: Position) -> Result<ToolSource, Fault> {
    let wrong = |error| {
        Fault::new(
            at,
            format!("{error}; a path begins with `./` or ends in `.wasm`"),
        )
    };
    source.parse().map_err(wrong)
}

fn refuse_repeat(keyword: &str, first: Option<usize>, again: Position) -> Result<(), Fault> {
    let Some(first) = first else { return Ok(()) };
    let second = again.line;
    Err(Fault::new(
        again,
        format!("`{keyword}` stands on lines {first} and {second}; keep one of them"),
    ))
}

fn refuse_taken(
    what: &str,
    name: &str,
    key: String,
    lines: &mut HashMap<String, usize>,
    at: Position,
) -> Result<(), Fault> {
    match lines.insert(key, at.line) {
        None => Ok(()),
        Some(first) => {
            let second = at.line;
            let problem = format!(
                "two {what}s are called {name}, on lines {first} and {second}; rename one of them"
            );
            Err(Fault::new(at, problem))
        }
    }
}
