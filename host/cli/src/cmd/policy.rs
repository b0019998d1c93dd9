//! `cofferdam policy`: the policies that decide about calls.

use std::io::Write;
use std::path::{Path, PathBuf};

use cap_std::fs::Dir;
use clap::{Args, Subcommand, ValueEnum};
use cofferdam_server::{ExplainedCall, explain_call};
use cofferdam_tool::{
    MAX_POLICY_BYTES, POLICY_DIRECTORY, POLICY_SCHEMA, PolicyFile, PolicyProblem, PolicyProfile,
    ROLES_FILE, Rules, read_policy,
};
use serde::Serialize;
use tempfile::NamedTempFile;

use crate::args::Listing;
use crate::connect::connect;
use crate::console::{self, Format};
use crate::error::Failure;
use crate::paths::DataDir;

/// `cofferdam policy`.
#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    /// Look for mistakes in policies, without using them.
    Check(Check),
    /// Say what the policy decides about a call of an agent, and why, without making it.
    Explain(Explain),
    /// Write a policy to start from into the data directory.
    Init(Init),
    /// Print the schema of Cedar that policies are validated against.
    Schema,
}

/// `cofferdam policy check`.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Files of policies, and one of roles (entities.json) [default: those in the data directory]
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// Take them for those of an agent's image, which can only forbid
    #[arg(long, requires = "files")]
    pub(crate) image: bool,

    #[command(flatten)]
    pub(crate) listing: Listing,
}

/// `cofferdam policy explain`.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// Name of the tool, as the agent has it
    #[arg(value_name = "TOOL")]
    pub(crate) tool: String,

    /// Name or id of the agent [default: the only one there is]
    #[arg(long, value_name = "AGENT")]
    pub(crate) agent: Option<String>,

    /// Arguments of the call, as JSON [default: a call without arguments]
    #[arg(long, value_name = "JSON")]
    pub(crate) args: Option<String>,

    /// Session of the call
    #[arg(long, value_name = "ID", default_value = "")]
    pub(crate) session: String,

    #[command(flatten)]
    pub(crate) listing: Listing,
}

/// `cofferdam policy init`.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The policy to start from
    #[arg(long, value_enum)]
    pub(crate) profile: Profile,
}

/// A policy to start from.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Profile {
    /// Nothing but what only computes
    Strict,
    /// Calls that write or reach the network wait for an approval
    AskOnWrite,
    /// Everything that agents have, at once
    Open,
}

/// The result of a check.
#[derive(Serialize)]
struct Checked {
    policies: usize,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
}

/// A mistake, and where it stands.
#[derive(Serialize)]
struct Problem {
    file: String,
    line: usize,
    column: usize,
    problem: String,
}

pub(crate) async fn run(policy: Policy, data: PathBuf) -> Result<(), Failure> {
    match policy {
        Policy::Check(check) => check.run(data),
        Policy::Explain(explain) => explain.run(&data).await,
        Policy::Init(init) => init.run(data),
        Policy::Schema => {
            console::content(POLICY_SCHEMA);
            Ok(())
        }
    }
}

impl Check {
    fn run(self, data: PathBuf) -> Result<(), Failure> {
        let Self {
            files,
            image,
            listing,
        } = self;
        let mut is_default = false;
        let read = if files.is_empty() {
            let data = DataDir::open(data)?.dir().map_err(Failure::work)?;
            let read = read_policy(&data);
            is_default = read.is_ok() && !has_policy(&data);
            read
        } else {
            let mut policies = Vec::new();
            let mut roles = None;
            for file in &files {
                let read = read_file(file)?;
                if file.file_name().is_some_and(|name| name == ROLES_FILE) {
                    roles = Some(read);
                } else {
                    policies.push(read);
                }
            }
            if image {
                Rules::read_narrowing(&policies)
            } else {
                Rules::read(&policies, roles.as_ref())
            }
        };
        let checked = match &read {
            Ok(rules) => Checked {
                policies: if is_default { 0 } else { rules.len() },
                problems: Vec::new(),
                warnings: rules.warnings().iter().map(Problem::from).collect(),
            },
            Err(problems) => Checked {
                policies: 0,
                problems: problems.iter().map(Problem::from).collect(),
                warnings: Vec::new(),
            },
        };
        if listing.format == Format::Json {
            console::json(&checked)?;
        } else if let Ok(rules) = &read {
            for warning in rules.warnings() {
                console::note(&format!("warning: {warning}"));
            }
            console::line(match rules.len() {
                _ if is_default => {
                    "there is no policy, so agents may call the tools that they have \
                                    (`host:offered`); `cofferdam policy init` writes one"
                        .to_owned()
                }
                1 => "1 policy, without mistakes".to_owned(),
                count => format!("{count} policies, without mistakes"),
            });
        }
        let Err(problems) = read else {
            return Ok(());
        };
        if listing.format != Format::Json {
            for problem in &problems {
                console::line(problem);
            }
        }
        Err(Failure::work(match problems.len() {
            1 => "the policy has a mistake: nothing would be permitted".to_owned(),
            count => format!("the policy has {count} mistakes: nothing would be permitted"),
        })
        .hint("`cofferdam policy schema` prints what policies can speak of"))
    }
}

/// Returns true if there are policies in this data directory, whose files are readable.
fn has_policy(data: &Dir) -> bool {
    let entries = data.read_dir(POLICY_DIRECTORY).into_iter().flatten();
    let names = entries.flatten().map(|entry| entry.file_name());
    { names }.any(|name| {
        Path::new(&name)
            .extension()
            .is_some_and(|end| end == "cedar")
    })
}

/// Reads a file that the operator names.
fn read_file(file: &Path) -> Result<PolicyFile, Failure> {
    let wrong = |problem: String| Failure::usage(format!("{}: {problem}", file.display()));
    let size = std::fs::metadata(file).map_err(|error| wrong(error.to_string()))?;
    if !size.is_file() || size.len() > MAX_POLICY_BYTES {
        return Err(wrong(format!(
            "expected a file of at most {}",
            console::size(MAX_POLICY_BYTES)
        )));
    }
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    Ok(PolicyFile {
        name: file.display().to_string(),
        text,
    })
}

impl Explain {
    async fn run(self, data: &Path) -> Result<(), Failure> {
        let Self {
            tool,
            agent,
            args,
            session,
            listing,
        } = self;
        let host = connect(data).await?;
        let explained = explain_call(&host, agent.as_deref(), tool, args, session).await?;
        if listing.format == Format::Json {
            return console::json(&explained);
        }
        let ExplainedCall {
            decision,
            policies,
            reason,
            attributes,
        } = explained;
        let words = match decision.as_str() {
            "allow" => "allow: it happens at once".to_owned(),
            "pending" => format!("pending: {reason}"),
            _ => format!("deny: {reason}"),
        };
        console::line(words);
        for policy in policies {
            console::line(format!("  by {policy}"));
        }
        for attribute in attributes {
            console::line(format!("  {} is {}", attribute.place, attribute.value));
        }
        Ok(())
    }
}

impl Init {
    fn run(self, data: PathBuf) -> Result<(), Failure> {
        let profile = match self.profile {
            Profile::Strict => PolicyProfile::Strict,
            Profile::AskOnWrite => PolicyProfile::AskOnWrite,
            Profile::Open => PolicyProfile::Open,
        };
        let data = DataDir::open(data)?;
        let directory = data.private(POLICY_DIRECTORY)?;
        let there = directory.entries().map_err(Failure::work)?.flatten();
        let mut policies = there
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(|name| name.ends_with(".cedar"));
        if let Some(name) = policies.next() {
            return Err(Failure::usage(format!(
                "there is a policy already, {POLICY_DIRECTORY}/{name}: policies add up, so move it \
                 away first"
            )));
        }
        let directory = data.path().join(POLICY_DIRECTORY);
        let path = directory.join(format!("{}.cedar", profile.name()));
        let wrong = |error: std::io::Error| Failure::work(format!("{}: {error}", path.display()));
        // Whole or not at all: of half a policy a host that runs would make something else. Its
        // name begins with a dot until then, so it is passed over.
        let mut file = NamedTempFile::new_in(&directory).map_err(wrong)?;
        file.write_all(profile.text().as_bytes()).map_err(wrong)?;
        file.as_file().sync_all().map_err(wrong)?;
        file.persist_noclobber(&path)
            .map_err(|error| wrong(error.error))?;
        console::line(path.display());
        console::note("it holds from the next call on, also in a host that runs");
        Ok(())
    }
}

impl From<&PolicyProblem> for Problem {
    fn from(problem: &PolicyProblem) -> Self {
        let PolicyProblem {
            file,
            line,
            column,
            problem,
        } = problem.clone();
        Self {
            file,
            line,
            column,
            problem,
        }
    }
}
