//! Tools that replace native programs, held against them: the same cases in both, in the same
//! directory.
//!
//! The tables are `tests/tool/differential/TOOL.json`; `README.md` beside them tells the format.
//! Where the two legitimately differ the case says why, and it is checked that they still do.

/// The working directory of a call, the same for both programs.
mod directory;

/// A program, run to its end or until enough of its output is read.
mod program;

/// Tables of cases.
mod table;

use cofferdam_selftest::{Reply, Web};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use regex::bytes::Regex;

use crate::support::{checkout, web};
use directory::Tree;
use program::{Did, exit_code};
use table::{Case, Table};

/// What a table must have at least.
const LEAST_CASES: usize = 10;

/// Tools in `tools/` that replace no program.
const OWN: [&str; 1] = ["text-stats"];

/// Names tools, with commas between, when only their tables are to be run.
const ONLY: &str = "DIFFERENTIAL";

/// A table with what its cases need.
struct Work {
    tool: String,
    table: Table,
    native: PathBuf,
    web: Option<Web>,
}

#[test]
fn tools_do_what_the_native_programs_do() {
    let tables = tables();
    let work: Vec<_> = tables
        .into_iter()
        .filter(|(name, table)| wanted(table.tool.as_ref().unwrap_or(name)))
        .filter_map(prepare)
        .collect();
    let cases: Vec<_> = work
        .iter()
        .flat_map(|work| {
            work.table
                .cases
                .iter()
                .zip(1..)
                .map(move |case| (work, case))
        })
        .collect();
    assert!(!cases.is_empty(), "no case was run");
    // Compiled tools are in the cache of all tests.
    let data = Path::new(env!("CARGO_TARGET_TMPDIR")).join("differential");
    let (next, problems) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().expect("processors").get() {
            scope.spawn(|| {
                while let Some((work, (case, number))) =
                    cases.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let problem = check(work, case, &data);
                    let tell =
                        |problem| format!("{} {number} {:?}: {problem}", work.tool, case.args);
                    problems
                        .lock()
                        .expect("no thread panicked")
                        .extend(problem.map(tell));
                }
            });
        }
    });
    let mut problems = problems.into_inner().expect("no thread panicked");
    problems.sort();
    assert!(
        problems.is_empty(),
        "{} of {} cases:\n\n{}\n",
        problems.len(),
        cases.len(),
        problems.join("\n\n")
    );
}

#[test]
fn every_tool_has_a_table_and_every_table_a_tool() {
    let tables = tables();
    let folders = std::fs::read_dir(checkout().join("tools"))
        .expect("the tools")
        .map(|entry| entry.expect("an entry").path());
    let tools: Vec<_> = folders
        .filter(|folder| folder.join("capabilities.toml").is_file())
        .map(|folder| {
            folder
                .file_name()
                .and_then(|name| name.to_str())
                .expect("names are UTF-8")
                .to_owned()
        })
        .filter(|name| !OWN.contains(&name.as_str()))
        .collect();
    let mut problems: Vec<_> = tools
        .iter()
        .filter(|tool| !tables.contains_key(*tool))
        .map(|tool| {
            format!(
                "tests/tool/differential/{tool}.json is missing: it compares the tool with the \
                 native program"
            )
        })
        .collect();
    for (
        name,
        Table {
            tool,
            native,
            no_native,
            cases,
            ..
        },
    ) in &tables
    {
        let mut wrong = |problem: &str| {
            problems.push(format!("tests/tool/differential/{name}.json: {problem}"))
        };
        if !tools.contains(tool.as_ref().unwrap_or(name)) {
            wrong("there is no such tool");
        }
        match (native.is_empty(), no_native) {
            (true, None) => wrong("`native` is empty: `no-native` says why"),
            (false, Some(_)) => wrong("`native` and `no-native` exclude each other"),
            (false, None) if cases.len() < LEAST_CASES => wrong("it has fewer than 10 cases"),
            _ => {}
        }
    }
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

fn tables() -> BTreeMap<String, Table> {
    let entries =
        std::fs::read_dir(checkout().join("tests/tool/differential")).expect("the tables");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("a table");
        let table = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        (
            path.file_stem()
                .and_then(|stem| stem.to_str())
                .expect("names are UTF-8")
                .to_owned(),
            table,
        )
    };
    paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .map(read)
        .collect()
}

fn wanted(tool: &str) -> bool {
    std::env::var(ONLY).map_or(true, |only| only.split(',').any(|name| name == tool))
}

fn prepare((name, table): (String, Table)) -> Option<Work> {
    let tool = table.tool.clone().unwrap_or(name);
    let name = table.native.first()?;
    let native = program::find(name).unwrap_or_else(|| {
        panic!(
            "{name} is missing; {tool} is compared with it: install the package {}",
            table.package.as_ref().unwrap_or(name)
        )
    });
    let web = (!table.web.is_empty()).then(|| {
        let answers = table.web.iter().map(|(path, answer)| {
            let headers: String = answer
                .headers
                .iter()
                .map(|(name, value)| format!("\r\n{name}: {value}"))
                .collect();
            let head = format!("{} Answer{headers}", answer.status);
            // The server keeps them as long as the test process lives.
            let (path, head): (&'static str, &'static str) = (path.clone().leak(), head.leak());
            (path, Reply::Full(head, answer.body.clone()))
        });
        web(&answers.collect::<Vec<_>>())
    });
    Some(Work {
        tool,
        table,
        native,
        web,
    })
}

/// What is wrong with a case, if anything is.
fn check(work: &Work, case: &Case, data: &Path) -> Option<String> {
    let web = work.web.as_ref().map(Web::port);
    let address = web
        .map(|port| format!("http://127.0.0.1:{port}"))
        .unwrap_or_default();
    let args: Vec<_> = case
        .args
        .iter()
        .map(|arg| arg.replace("{web}", &address))
        .collect();
    let ours = program::ours(&work.tool, data, web, &work.table, case, &args);
    let native = match &case.newer {
        Some(stdout) => Did::well(stdout.as_bytes()),
        None => program::native(&work.native, &work.table, case, &args),
    };
    let difference = difference(&native, &ours, case, &work.tool);
    match (&case.differs, difference) {
        (None, Some(difference)) => Some(format!(
            "{difference}\nnative says: {}\nours says: {}",
            native.stderr.trim_end(),
            ours.stderr.trim_end()
        )),
        (Some(reason), None) => Some(format!(
            "it no longer differs, although \"{reason}\": remove `differs`"
        )),
        _ => None,
    }
}

/// The first thing in which the two differ.
fn difference(native: &Did, ours: &Did, case: &Case, tool: &str) -> Option<String> {
    let mask = case
        .mask
        .as_ref()
        .map(|mask| Regex::new(mask).expect("a pattern in a table"));
    let masked = |bytes: &[u8]| match &mask {
        Some(mask) => mask.replace_all(bytes, b"*".as_slice()).into_owned(),
        None => bytes.to_owned(),
    };
    let said = [masked(&native.stdout), masked(&ours.stdout)];
    if said[0] != said[1] {
        return Some(format!(
            "native prints {}\nours prints {}",
            escaped(&said[0]),
            escaped(&said[1])
        ));
    }
    if case.first.is_some() {
        return None;
    }
    // Traps and limits are told by the host; no native program ends like that.
    if ours.stderr.lines().any(|line| {
        line.starts_with(&format!("error: {tool}: ")) && !line.starts_with(&exit_code(tool))
    }) {
        return Some("ours was ended by the host".to_owned());
    }
    if native.code != ours.code {
        return Some(format!(
            "native ends with {:?}, ours with {:?}",
            native.code, ours.code
        ));
    }
    // The output of a newer version was written down, and not what it leaves.
    if case.newer.is_some() {
        return None;
    }
    let named = |tree: &Tree| -> Vec<String> {
        let mut names: Vec<_> = tree
            .iter()
            .map(|(name, entry)| {
                format!(
                    "{}: {entry:?}",
                    String::from_utf8_lossy(&masked(name.as_bytes()))
                )
            })
            .collect();
        names.sort();
        names
    };
    let left = [named(&native.left), named(&ours.left)];
    (left[0] != left[1])
        .then(|| format!("native leaves {:#?}\nours leaves {:#?}", left[0], left[1]))
}

fn escaped(bytes: &[u8]) -> String {
    format!("\"{}\"", bytes.escape_ascii())
}
