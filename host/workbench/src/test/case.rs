//! `cases/*.json`: an author's calls of a tool and their outcomes, read and checked before anything
//! is built.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use cofferdam_call::{Input, OutcomeName};
use cofferdam_capability::{LimitsRequest, SecretName};
use serde::Deserialize;
use serde_json::Value;

use super::content::Content;
use super::expected::Expected;
use super::hostile;
use super::outgoing::ExpectedRequest;
use super::web::{Reply, Url};
use crate::error::Error;
use crate::file;

/// The largest file of cases, in bytes: several inputs at the limit of standard input.
const MAX_FILE: u64 = 16 << 20;

/// Files of cases that are read.
const MAX_FILES: usize = 256;

/// Cases of one tool. Each is a call in a fresh sandbox, some milliseconds at least.
const MAX_CASES: usize = 1_024;

/// The longest name of a case, in bytes: it is a cell of a table.
const MAX_NAME: usize = 200;

/// The beginning of the name of a case for a standard hostile input.
const HOSTILE: &str = "hostile: ";

/// One case, as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    tool: Option<String>,
    args: Option<Vec<String>>,
    input: Option<Value>,
    stdin: Option<Content>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(default)]
    files: BTreeMap<String, Option<Content>>,
    #[serde(default)]
    http: BTreeMap<Url, Reply>,
    #[serde(default)]
    secrets: Vec<SecretName>,
    #[serde(default)]
    limits: LimitsRequest,
    #[serde(default)]
    expect: WrittenExpect,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenExpect {
    outcome: Option<String>,
    exit: Option<u8>,
    stdout: Option<Expected>,
    stderr: Option<Expected>,
    #[serde(default)]
    files: BTreeMap<String, Option<Expected>>,
    requests: Option<Vec<ExpectedRequest>>,
}

/// One case.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// The one of several typed tools that is called.
    pub(crate) tool: Option<String>,
    pub(crate) input: Input,
    pub(crate) given: Given,
    pub(crate) expect: Expect,
}

/// The surroundings of a call.
#[derive(Debug, Clone, Default)]
pub(crate) struct Given {
    pub(crate) env: BTreeMap<String, String>,
    /// Below `/workspace`; nothing for an empty directory.
    pub(crate) files: BTreeMap<String, Option<Content>>,
    pub(crate) http: BTreeMap<Url, Reply>,
    pub(crate) secrets: Vec<SecretName>,
    pub(crate) limits: LimitsRequest,
}

/// The result that a call must have. Anything that is not named is not looked at.
#[derive(Debug)]
pub(crate) struct Expect {
    pub(crate) outcome: OutcomeName,
    /// The exit code of a command.
    pub(crate) exit: Option<u8>,
    pub(crate) stdout: Option<Expected>,
    pub(crate) stderr: Option<Expected>,
    /// Nothing for a file that must not be there.
    pub(crate) files: BTreeMap<String, Option<Expected>>,
    /// All requests, in their order.
    pub(crate) requests: Option<Vec<ExpectedRequest>>,
}

/// The cases of one tool.
#[derive(Debug, Default)]
pub struct Cases {
    /// In the order of the files' names, then as written.
    pub(crate) golden: Vec<Case>,
    /// The tool's cases for standard inputs, by their names.
    pub(crate) hostile: BTreeMap<String, Case>,
}

impl Cases {
    /// Reads every `*.json` in the `cases/` of a package's directory, or beside a component's file;
    /// none where it is missing.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`], which names the file and the case.
    pub fn read(tool: &Path) -> Result<Self, Error> {
        let mut cases = Self::default();
        let beside = tool.parent().filter(|_| tool.is_file());
        for path in files(&beside.unwrap_or(tool).join("cases"))? {
            let place = path.display().to_string();
            let text = String::from_utf8(file::read(&path, MAX_FILE)?)
                .map_err(|_| Error::usage(format!("{place}: it is not valid UTF-8")))?;
            for (number, written) in parse(&text, &place)?.into_iter().enumerate() {
                let name = written.name.clone();
                cases.add(written).map_err(|problem| {
                    Error::usage(format!(
                        "{place}: case {} (`{}`): {problem}",
                        number + 1,
                        shortened(&name)
                    ))
                })?;
            }
        }
        Ok(cases)
    }

    fn add(&mut self, written: Written) -> Result<(), String> {
        if self.golden.len() + self.hostile.len() >= MAX_CASES {
            return Err(format!(
                "it is one more than {MAX_CASES}: a tool has at most so many"
            ));
        }
        let standard = written.name.strip_prefix(HOSTILE).map(str::to_owned);
        let case = Case::checked(written, standard.is_some())?;
        match standard {
            Some(standard) if !hostile::NAMES.contains(&standard.as_str()) => Err(format!(
                "`{standard}` is no standard input; there are: {}",
                hostile::NAMES.join(", ")
            )),
            Some(standard) if self.hostile.contains_key(&standard) => {
                Err("it is there twice".to_owned())
            }
            Some(standard) => {
                self.hostile.insert(standard, case);
                Ok(())
            }
            None if self.golden.iter().any(|other| other.name == case.name) => {
                Err("another case has this name".to_owned())
            }
            None => {
                self.golden.push(case);
                Ok(())
            }
        }
    }
}

impl Case {
    fn checked(written: Written, hostile: bool) -> Result<Self, String> {
        let Written {
            name,
            tool,
            args,
            input,
            stdin,
            env,
            files,
            http,
            secrets,
            limits,
            expect,
        } = written;
        if name.is_empty() || name.len() > MAX_NAME || name.contains(char::is_control) {
            return Err(format!(
                "`name`: expected 1 to {MAX_NAME} bytes on one line"
            ));
        }
        if hostile && (args.is_some() || input.is_some() || stdin.is_some()) {
            return Err(
                "its input is the standard one: leave out `args`, `input` and `stdin`".to_owned(),
            );
        }
        let input = match (input, args, stdin) {
            (Some(input), None, None) => Input::Json(input.to_string()),
            (None, args, stdin) => Input::Command {
                args: args.unwrap_or_default(),
                stdin: stdin.unwrap_or_default().0.into(),
            },
            (Some(_), _, _) => {
                return Err(
                    "`input` is for typed tools, `args` and `stdin` for commands".to_owned(),
                );
            }
        };
        files
            .keys()
            .chain(expect.files.keys())
            .try_for_each(|name| plain_path(name))?;
        if let Some((name, _)) = files
            .iter()
            .find(|(name, content)| name.ends_with('/') != content.is_none())
        {
            return Err(format!(
                "`files`: `{name}`: a directory ends in `/` and is null, a file has a content"
            ));
        }
        if expect.exit.is_some() && matches!(input, Input::Json(_)) {
            return Err("`exit` is for commands: a typed tool has no exit code".to_owned());
        }
        let of_exit = match expect.exit {
            None | Some(0) => OutcomeName::Ok,
            Some(_) => OutcomeName::GuestError,
        };
        let outcome = expect.outcome.as_deref().unwrap_or(of_exit.as_str());
        let Some(outcome) = OutcomeName::parse(outcome) else {
            let all = OutcomeName::ALL.map(OutcomeName::as_str).join(", ");
            return Err(format!("`outcome`: `{outcome}` is none; there are: {all}"));
        };
        if let Some(code) = expect.exit
            && outcome != of_exit
        {
            return Err(format!(
                "`outcome`: a command with exit code {code} ends as {of_exit}, never as {outcome}"
            ));
        }
        let given = Given {
            env,
            files,
            http,
            secrets,
            limits,
        };
        let expect = Expect {
            outcome,
            exit: expect.exit,
            stdout: expect.stdout,
            stderr: expect.stderr,
            files: expect.files,
            requests: expect.requests,
        };
        Ok(Self {
            name,
            tool,
            input,
            given,
            expect,
        })
    }
}

/// Refuses a path that does not stay below `/workspace`, whatever is there.
fn plain_path(name: &str) -> Result<(), String> {
    let path = Path::new(name);
    let plain = path
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    if plain && !name.is_empty() && !name.contains('\0') {
        return Ok(());
    }
    Err(format!(
        "`files`: `{name}` is not a path below /workspace: expected one such as notes/a.txt"
    ))
}

/// One case or an array of them. An error names the line, the column and the case.
fn parse(text: &str, place: &str) -> Result<Vec<Written>, Error> {
    let wrong = |error: &serde_json::Error, case: &str| {
        let message = error
            .to_string()
            .replace("unknown field", "unknown key")
            .replace("missing field", "missing key");
        let message = message.split(" at line ").next().unwrap_or_default();
        Error::usage(format!(
            "{place}:{}:{}: {case}{message}",
            error.line(),
            error.column()
        ))
    };
    let list = text.trim_start().starts_with('[');
    let read = if list {
        serde_json::from_str(text)
    } else {
        serde_json::from_str(text).map(|case| vec![case])
    };
    read.map_err(|error| {
        let value: Value = serde_json::from_str(text).unwrap_or_default();
        let values = if list {
            value.as_array().cloned().unwrap_or_default()
        } else {
            vec![value]
        };
        let broken = values
            .iter()
            .enumerate()
            .find(|(_, value)| Written::deserialize(*value).is_err());
        let case = broken.map(
            |(number, value)| match value.get("name").and_then(Value::as_str) {
                Some(name) => format!("case {} (`{}`): ", number + 1, shortened(name)),
                None => format!("case {}: ", number + 1),
            },
        );
        wrong(&error, &case.unwrap_or_default())
    })
}

fn shortened(name: &str) -> &str {
    name.get(..name.floor_char_boundary(MAX_NAME))
        .unwrap_or_default()
}

/// The files of cases, by name.
fn files(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    let wrong = |error: std::io::Error| Error::usage(format!("{}: {error}", directory.display()));
    let entries = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(wrong)?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(wrong)?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            files.push(path);
        }
        if files.len() > MAX_FILES {
            let problem = format!(
                "{}: more than {MAX_FILES} files of cases: put several in one",
                directory.display()
            );
            return Err(Error::usage(problem));
        }
    }
    files.sort();
    Ok(files)
}
