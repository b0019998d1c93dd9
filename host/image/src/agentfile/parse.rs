//! From the text of an Agentfile to its meaning.

use super::declared::Agentfile;
use super::draft::Draft;
use super::error::{AgentfileError, Fault};
use super::expand::Expanded;
use super::instruction::Instruction;
use super::lines::{Lines, START};

/// Parses the text of an Agentfile. `file` is how errors call it. The error has every mistake of
/// the file, as far as one does not hide another.
pub fn parse(text: &str, file: &str) -> Result<Agentfile, AgentfileError> {
    understand(text).map_err(|faults| AgentfileError::new(file, faults))
}

fn understand(text: &str) -> Result<Agentfile, Vec<Fault>> {
    let mut lines = Lines::of(text).map_err(|fault| vec![fault])?;
    let mut draft = Draft::default();
    let mut faults = Vec::new();
    let mut is_empty = true;
    loop {
        match next(&mut lines, &mut draft) {
            Ok(true) => is_empty = false,
            Ok(false) => break,
            Err(fault) => {
                is_empty = false;
                faults.push(fault);
            }
        }
    }
    if is_empty {
        return Err(vec![Fault::new(
            START,
            "the file has no instruction; an Agentfile begins with `FROM scratch`",
        )]);
    }
    match draft.finish() {
        Ok(agentfile) if faults.is_empty() => Ok(agentfile),
        Ok(_) => Err(faults),
        Err(more) => {
            faults.extend(more);
            Err(faults)
        }
    }
}

/// Adds the next instruction to the draft. Returns false at the end of the file.
fn next(lines: &mut Lines<'_>, draft: &mut Draft) -> Result<bool, Fault> {
    let Some((number, line)) = lines.instruction()? else {
        return Ok(false);
    };
    let expanded = Expanded::of(number, line, draft.values())?;
    let instruction = Instruction::read(number, &expanded, lines)?;
    draft.add(instruction)?;
    Ok(true)
}
