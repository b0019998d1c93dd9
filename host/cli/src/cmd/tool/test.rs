//! `cofferdam tool test`: a tool's own cases and the standard hostile inputs, in the real sandbox.
//!
//! Each call has directories, a web server, secrets and an engine of its own; nothing of the machine or the network is
//! reached.

mod case;
mod check;
mod content;
mod expected;
mod hostile;
mod learn;
mod limits;
mod place;
mod report;
mod toml;
mod unused;
mod web;

use std::path::{Path, PathBuf};

use cofferdam_capability::Digest;
use cofferdam_workbench::build::{self, Built, Sources};

use self::case::Cases;
use self::limits::Suggestion;
use self::place::Subject;
use self::report::Tested;
use super::build::environment;
use crate::cli::{Test, TestFormat};
use crate::config::Config;
use crate::console;
use crate::error::Failure;
use crate::host;
use crate::paths::DataDir;

pub(crate) async fn run(test: Test, config: &Config, data: &DataDir) -> Result<(), Failure> {
    let Test { paths, capabilities, learn, format } = test;
    // A mistake in a case costs seconds, not a build.
    let cases = paths.iter().map(|path| Cases::read(&directory(path).join("cases"))).collect::<Result<Vec<_>, _>>()?;
    let sources = Sources { paths: paths.clone(), capabilities, wit: None };
    let mut built = build::components(&sources, &environment(), &console::progress)?;
    // Unless the rows are what is looked for.
    if !learn {
        built.iter().try_for_each(|built| built.imports().map(drop))?;
        built = build::described(built, &|| Ok(host::runner(config, data)?)).await?;
    }
    let mut all = Vec::new();
    for ((path, cases), built) in paths.iter().zip(cases).zip(&built) {
        let origin = path.display().to_string();
        let manifest = built.manifest.clone();
        let subject = Subject { config, data, origin: &origin, component: &built.component, manifest };
        if learn {
            self::learn(&subject, &cases).await?;
            continue;
        }
        let tested = tested(&subject, &cases, built).await?;
        if format == TestFormat::Table {
            tested.print();
        }
        all.push(tested);
    }
    match format {
        TestFormat::Table => {}
        TestFormat::Json => console::json(&all)?,
        TestFormat::Markdown if !learn => {
            report::MARKDOWN_HEAD.iter().for_each(console::line);
            all.iter().for_each(|tested| console::line(tested.markdown()));
        }
        TestFormat::Markdown => {}
    }
    let (failed, calls) =
        all.iter().fold((0, 0), |(failed, calls), tested| (failed + tested.failed(), calls + tested.cases.len()));
    match failed {
        0 => Ok(()),
        _ => Err(Failure::work(format!("{failed} of {calls} cases failed"))),
    }
}

/// Where `cases/` lies: in the directory of a package, beside a component.
fn directory(path: &Path) -> PathBuf {
    let beside = path.parent().filter(|_| path.is_file());
    beside.unwrap_or(path).to_owned()
}

async fn tested(subject: &Subject<'_>, cases: &Cases, built: &Built) -> Result<Tested, Failure> {
    let manifest = &subject.manifest;
    let ceiling = &subject.config.ceiling;
    let (offered, _) = subject.offered().await?;
    let limits = ceiling.defaults.replaced(&manifest.limits.at_most(&ceiling.limits));
    let inputs: Vec<_> = offered
        .iter()
        .flat_map(|tool| hostile::inputs(tool, &limits).into_iter().map(move |hostile| (tool, hostile)))
        .collect();
    for name in cases.hostile.keys() {
        if !inputs.iter().any(|(_, hostile)| hostile.name == name) {
            let problem = format!("{}: a case `hostile: {name}`, an input that it cannot be given", subject.origin);
            return Err(Failure::usage(problem));
        }
    }
    let name = if manifest.tool.name.is_empty() { subject.origin } else { &manifest.tool.name };
    let progress = console::Progress::new(name, cases.golden.len() + inputs.len());
    let mut checked = Vec::new();
    for case in &cases.golden {
        let mut call = check::golden(subject, case, &case.given).await?;
        call.refuse_undeclared();
        checked.push(call);
        progress.step();
    }
    let mut unused = Vec::new();
    if !checked.is_empty() {
        unused = unused::rows(manifest, &cases.golden, &checked);
    }
    if !checked.is_empty() && checked.iter().all(|call| call.passed) {
        unused.extend(unused::limits(subject, &cases.golden).await?);
    }
    for (tool, hostile) in inputs {
        let case = cases.hostile.get(hostile.name);
        let case = case.filter(|case| case.tool.as_ref().is_none_or(|named| subject.means(&tool.name, named)));
        checked.push(check::hostile(subject, (tool, offered.len() > 1), hostile, case).await?);
        progress.step();
    }
    drop(progress);
    Ok(Tested {
        tool: name.to_owned(),
        version: manifest.tool.version.clone(),
        summary: manifest.tool.summary.clone(),
        path: subject.origin.to_owned(),
        digest: Digest::of(&built.component),
        size: built.component.len(),
        suggestion: Suggestion::of(checked.iter(), &ceiling.defaults, &ceiling.limits),
        raised: manifest.limits.beyond(&ceiling.defaults, &ceiling.limits),
        cases: checked,
        unused,
    })
}

async fn learn(subject: &Subject<'_>, cases: &Cases) -> Result<(), Failure> {
    if cases.golden.is_empty() {
        let problem = format!("{}: there is no case to learn from: write one into cases/", subject.origin);
        return Err(Failure::usage(problem));
    }
    console::progress(&format!("{}: running the cases again and again…", subject.origin));
    let learned = learn::manifest(subject, &cases.golden).await?;
    console::content(toml::written(&learned, cases.golden.len()).trim_end());
    Ok(())
}
