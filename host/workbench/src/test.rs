//! A tool's own cases and the standard hostile inputs, in the real sandbox.
//!
//! Each call has directories, a web server, secrets and an engine of its own; nothing of the
//! machine or the network is reached.

mod case;
mod check;
mod content;
mod expected;
mod hostile;
mod learn;
mod limits;
mod malformed;
mod offered;
mod outgoing;
mod report;
mod requests;
mod subject;
mod suggestion;
mod toml;
mod unused;
mod unwritten;
mod web;

use cofferdam_capability::Digest;

pub use self::case::Cases;
pub use self::check::Checked;
pub use self::expected::DIFFERENCE_HEAD;
pub use self::learn::Learned;
pub use self::report::Tested;
pub use self::subject::{MakeSandbox, StandIns, Subject};
pub use self::suggestion::Suggestion;
use crate::error::Error;

/// A call of a tool under test has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step<'a> {
    /// The tool's name, else the path that it was built from.
    pub tool: &'a str,
    /// The number of calls that the test makes of the author's cases and the hostile inputs.
    pub calls: usize,
}

/// Runs the cases of a tool and the hostile inputs that it can be sent.
///
/// `watch` gets a [`Step`] after each of these calls.
///
/// # Errors
///
/// [`Error::Usage`] if the component is refused, or a case names a tool or an input that there is
/// not. A case that fails is no error. [`Error::Sandbox`] if the caller cannot make a sandbox.
pub async fn test(
    subject: &Subject<'_>,
    cases: &Cases,
    watch: &dyn Fn(Step<'_>),
) -> Result<Tested, Error> {
    let manifest = &subject.manifest;
    let ceiling = subject.ceiling;
    let (offered, _) = subject.offered().await?;
    let limits = ceiling
        .defaults
        .replaced(&manifest.limits.at_most(&ceiling.limits));
    let inputs: Vec<_> = offered
        .iter()
        .flat_map(|tool| hostile::inputs(tool, &limits))
        .collect();
    for name in cases.hostile.keys() {
        if !inputs.iter().any(|hostile| hostile.name == name) {
            let problem = format!(
                "{}: a case `hostile: {name}`, an input that it cannot be given",
                subject.origin
            );
            return Err(Error::usage(problem));
        }
    }
    let name = if manifest.tool.name.is_empty() {
        subject.origin
    } else {
        &manifest.tool.name
    };
    let step = Step {
        tool: name,
        calls: cases.golden.len() + inputs.len(),
    };
    let mut checked = Vec::new();
    for case in &cases.golden {
        let mut call = check::golden(subject, case, &case.given).await?;
        call.refuse_undeclared();
        checked.push(call);
        watch(step);
    }
    let mut unused = Vec::new();
    if !checked.is_empty() {
        unused = unused::rows(manifest, &cases.golden, &checked);
    }
    if !checked.is_empty() && checked.iter().all(|call| call.passed) {
        unused.extend(unused::limits(subject, &cases.golden).await?);
    }
    for hostile in inputs {
        let tool = &hostile.tool.name;
        let case = cases.hostile.get(hostile.name);
        let case = case.filter(|case| {
            case.tool
                .as_ref()
                .is_none_or(|named| subject.means(tool, named))
        });
        let of_tool = if offered.len() > 1 {
            format!(" of {tool}")
        } else {
            String::new()
        };
        let name = format!("hostile: {}{of_tool}", hostile.name);
        checked.push(check::hostile(subject, name, hostile, case).await?);
        watch(step);
    }
    Ok(Tested {
        tool: name.to_owned(),
        version: manifest.tool.version.clone(),
        summary: manifest.tool.summary.clone(),
        path: subject.origin.to_owned(),
        digest: Digest::of(subject.component),
        size: subject.component.len(),
        suggestion: Suggestion::of(checked.iter(), &ceiling.defaults, &ceiling.limits),
        raised: manifest.limits.beyond(&ceiling.defaults, &ceiling.limits),
        cases: checked,
        unused,
    })
}

/// Finds the smallest manifest with which the cases of a tool pass, by running them again and
/// again.
///
/// `say` gets a sentence about work that takes a while.
///
/// # Errors
///
/// [`Error::Usage`] if there is no case, or the component is refused. [`Error::Sandbox`] if the
/// caller cannot make a sandbox.
pub async fn learn(
    subject: &Subject<'_>,
    cases: &Cases,
    say: &dyn Fn(&str),
) -> Result<Learned, Error> {
    if cases.golden.is_empty() {
        let problem = format!(
            "{}: there is no case to learn from: write one into cases/",
            subject.origin
        );
        return Err(Error::usage(problem));
    }
    say(&format!(
        "{}: running the cases again and again…",
        subject.origin
    ));
    learn::manifest(subject, &cases.golden).await
}
