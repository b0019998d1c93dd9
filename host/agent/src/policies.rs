//! The policy that an agent's image brings along.

use cofferdam_image::agentfile::Agentfile;
use cofferdam_tool::{PolicyFile, PolicyProblem, Rules};

use crate::error::AgentError;

/// Reads the policies among the files that an author added (`ADD`): those named `*.cedar`. They can
/// only forbid.
///
/// # Errors
///
/// With their first mistake.
pub(crate) fn narrowing(agentfile: &Agentfile) -> Result<Option<Rules>, AgentError> {
    let wrong = |problem: &PolicyProblem| AgentError::Policy {
        agent: agentfile.name().to_owned(),
        problem: problem.to_string(),
    };
    let mut files = Vec::new();
    let policies = agentfile.adds.iter();
    for add in policies.filter(|add| add.name.ends_with(".cedar")) {
        let name = format!("ADD {}", add.name);
        let Ok(text) = std::str::from_utf8(&add.content) else {
            return Err(wrong(&PolicyProblem {
                file: name,
                line: 0,
                column: 0,
                problem: "it is not UTF-8".to_owned(),
            }));
        };
        files.push(PolicyFile {
            name,
            text: text.to_owned(),
        });
    }
    if files.is_empty() {
        return Ok(None);
    }
    let read = Rules::read_narrowing(&files);
    read.map(Some).map_err(|problems| match problems.first() {
        Some(first) => wrong(first),
        None => wrong(&PolicyProblem {
            file: "policy".to_owned(),
            line: 0,
            column: 0,
            problem: "it cannot be read".to_owned(),
        }),
    })
}
