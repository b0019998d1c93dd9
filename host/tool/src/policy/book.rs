//! The policy of a host: the files of one directory, read anew whenever they have changed.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use cap_std::fs::{Dir, Metadata};

use super::problem::PolicyProblem;
use super::rules::{MAX_POLICY_BYTES, MAX_POLICY_FILES, PolicyFile, Rules};
use crate::file_print::FilePrint;

/// The directory of policies in the data directory.
pub const POLICY_DIRECTORY: &str = "policy";

/// The file that gives roles to agents.
pub const ROLES_FILE: &str = "entities.json";

/// The rules that hold now.
pub(crate) type Current = Result<Arc<Rules>, Arc<Vec<PolicyProblem>>>;

/// The policy of a host.
#[derive(Debug)]
pub(crate) struct PolicyBook {
    data: Arc<Dir>,
    read: Mutex<Option<Reading>>,
}

/// The files as they were read, and what came of it.
#[derive(Debug)]
struct Reading {
    /// None if a file had changed just before: it is read again.
    files: Option<Files>,
    current: Current,
}

/// The files of a policy as they lie there.
#[derive(Debug, Default)]
struct Files {
    /// None where there is no directory.
    directory: Option<Directory>,
    prints: Prints,
}

/// The directory of the files.
#[derive(Debug)]
struct Directory {
    opened: Dir,
    /// Its print before its entries were read; none if that is a link's, or may not change with the
    /// next entry.
    print: Option<FilePrint>,
}

/// The files by name, each with what changes when it does.
type Prints = BTreeMap<String, FilePrint>;

impl Files {
    /// Returns true if the files lie in this data directory as they were read. It takes one request
    /// to the system for the directory and one for each file, because every call of a tool asks.
    fn are_in(&self, data: &Dir) -> bool {
        let found = data.symlink_metadata(POLICY_DIRECTORY);
        let Some(Directory { opened, print }) = &self.directory else {
            return found.as_ref().is_err_and(is_not_there);
        };
        // Links, and what they lead to, are looked at in the longer way.
        let same = |found: &Metadata, print: &FilePrint| FilePrint::of(found) == *print;
        let is_same = |print: &FilePrint| found.as_ref().is_ok_and(|found| same(found, print));
        print.as_ref().is_some_and(is_same)
            && self.prints.iter().all(|(name, print)| {
                let found = opened.symlink_metadata(name);
                found.is_ok_and(|found| same(&found, print))
            })
    }
}

impl Reading {
    /// The rules, if the files are the same ones.
    fn of_same(&self, found: &Result<Files, PolicyProblem>) -> Option<Current> {
        let before = self.files.as_ref()?;
        let found = found.as_ref().ok()?;
        (before.prints == found.prints).then(|| self.current.clone())
    }
}

impl PolicyBook {
    /// The policy in this data directory.
    pub(crate) fn new(data: Arc<Dir>) -> Self {
        Self {
            data,
            read: Mutex::new(None),
        }
    }

    /// The rules that hold now. Where the files cannot be used nothing is permitted, and the log
    /// says so once.
    pub(crate) fn current(&self) -> Current {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reading) = &*read
            && let Some(files) = &reading.files
            && files.are_in(&self.data)
        {
            return reading.current.clone();
        }
        let found = of(&self.data);
        let before = read.as_ref().and_then(|reading| reading.of_same(&found));
        if let Some(current) = before {
            *read = Some(Reading {
                files: found.ok(),
                current: current.clone(),
            });
            return current;
        }
        let current = found
            .as_ref()
            .map_err(|problem| Arc::new(vec![problem.clone()]))
            .and_then(|files| {
                let loaded = load(&self.data, &files.prints);
                loaded.map(Arc::new).map_err(Arc::new)
            });
        let told = read.as_ref().map(|reading| &reading.current);
        tell(told, &current);
        let are_settled = |files: &Files| files.prints.values().all(FilePrint::is_settled);
        *read = Some(Reading {
            files: found.ok().filter(are_settled),
            current: current.clone(),
        });
        current
    }
}

/// Reads the policy in a data directory, without using it.
///
/// # Errors
///
/// With every mistake in it.
pub fn read_policy(data: &Dir) -> Result<Rules, Vec<PolicyProblem>> {
    let files = of(data).map_err(|problem| vec![problem])?;
    load(data, &files.prints)
}

/// The files of the policy in a data directory as they are now; none if there is no directory.
fn of(data: &Dir) -> Result<Files, PolicyProblem> {
    // Before its entries are read, so that one that comes meanwhile is found the next time.
    let found = data.symlink_metadata(POLICY_DIRECTORY);
    let is_missing = found.as_ref().is_err_and(is_not_there);
    let found = found.ok().filter(Metadata::is_dir);
    let print = found.map(|found| FilePrint::of(&found));
    match data.open_dir(POLICY_DIRECTORY) {
        Ok(opened) => Ok(Files {
            prints: prints(&opened)?,
            directory: Some(Directory {
                opened,
                print: print.filter(FilePrint::is_settled),
            }),
        }),
        // A link that leads nowhere is no policy that nobody has made.
        Err(error) if is_missing && is_not_there(&error) => Ok(Files::default()),
        Err(error) => Err(unreadable(POLICY_DIRECTORY, &error)),
    }
}

/// Reads the files, and the rules in them.
fn load(data: &Dir, prints: &Prints) -> Result<Rules, Vec<PolicyProblem>> {
    if !prints.keys().any(|name| is_policy(name)) {
        // Roles alone permit nothing and forbid nothing, but they have to be right.
        if prints.is_empty() {
            return Ok(Rules::default_rules());
        }
        return Err(vec![PolicyProblem::of_file(
            &shown(ROLES_FILE),
            "there are roles, but no policy beside them that names one",
        )]);
    }
    let directory = data.open_dir(POLICY_DIRECTORY);
    let directory = directory.map_err(|error| vec![unreadable(POLICY_DIRECTORY, &error)])?;
    let mut files = Vec::new();
    let mut roles = None;
    for name in prints.keys() {
        let text = text_of(&directory, name);
        let text = text.map_err(|error| vec![unreadable(&shown(name), &error)])?;
        let file = PolicyFile {
            name: shown(name),
            text,
        };
        if is_policy(name) {
            files.push(file);
        } else {
            roles = Some(file);
        }
    }
    Rules::read(&files, roles.as_ref())
}

/// Reads a file, of at most as many bytes as all of them may have: it may have grown since it was
/// looked at.
fn text_of(directory: &Dir, name: &str) -> io::Result<String> {
    let mut text = String::new();
    let file = directory.open(name)?;
    file.take(MAX_POLICY_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_POLICY_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(text)
}

/// The files of a policy in a directory.
fn prints(directory: &Dir) -> Result<Prints, PolicyProblem> {
    let wrong = |error: io::Error| unreadable(POLICY_DIRECTORY, &error);
    let mut prints = Prints::new();
    let mut bytes = 0_u64;
    for entry in directory.entries().map_err(wrong)? {
        let entry = entry.map_err(wrong)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if is_passed_over(&name) {
            continue;
        }
        if !is_policy(&name) && name != ROLES_FILE {
            return Err(PolicyProblem::of_file(
                &shown(&name),
                format!("it is neither `*.cedar` nor `{ROLES_FILE}`: rename it or move it away"),
            ));
        }
        let found = directory.metadata(&name);
        let found = found.map_err(|error| unreadable(&shown(&name), &error))?;
        if !found.is_file() {
            return Err(PolicyProblem::of_file(&shown(&name), "it is no file"));
        }
        bytes = bytes.saturating_add(found.len());
        prints.insert(name, FilePrint::of(&found));
        if prints.len() > MAX_POLICY_FILES || bytes > MAX_POLICY_BYTES {
            return Err(PolicyProblem::of_file(
                POLICY_DIRECTORY,
                format!(
                    "it holds more than {MAX_POLICY_FILES} files or {} MiB",
                    MAX_POLICY_BYTES >> 20
                ),
            ));
        }
    }
    Ok(prints)
}

/// Tells a change of the policy, once.
fn tell(told: Option<&Current>, current: &Current) {
    match current {
        Err(problems) => {
            if let Some(Err(before)) = told
                && before == problems
            {
                return;
            }
            let first = problems
                .first()
                .map(ToString::to_string)
                .unwrap_or_default();
            let others = problems.len().saturating_sub(1);
            tracing::error!(
                "the policy cannot be used, so no tool may be called: {first}{}; `cofferdam policy \
                 check` says all of it",
                if others == 0 {
                    String::new()
                } else {
                    format!(" (and {others} more)")
                }
            );
        }
        Ok(rules) => {
            for warning in rules.warnings() {
                tracing::warn!("{warning}");
            }
            if let Some(Ok(before)) = told
                && rules.is_default()
                && !before.is_default()
            {
                tracing::warn!(
                    "the policy of this host is gone: agents may call the tools that they have"
                );
            } else if told.is_some() {
                tracing::info!(policies = rules.len(), "the policy was read anew");
            }
        }
    }
}

/// The sentence for a caller while the policy cannot be used.
pub(crate) fn unusable(problems: &[PolicyProblem]) -> String {
    let first = problems
        .first()
        .map(ToString::to_string)
        .unwrap_or_default();
    format!("the policy of this host cannot be used, so no tool may be called: {first}")
}

fn is_not_there(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

fn is_policy(name: &str) -> bool {
    name.ends_with(".cedar")
}

/// True for files that editors leave beside others.
fn is_passed_over(name: &str) -> bool {
    name.starts_with('.') || name.ends_with('~')
}

fn shown(name: &str) -> String {
    format!("{POLICY_DIRECTORY}/{name}")
}

fn unreadable(name: &str, error: &io::Error) -> PolicyProblem {
    PolicyProblem::of_file(name, format!("it cannot be read: {error}"))
}
