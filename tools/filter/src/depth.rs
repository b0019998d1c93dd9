//! How deep values lie inside one another. The parser recurses, so a document of brackets alone
//! would end the tool with a full stack instead of a sentence.

use cofferdam_command::Stop;

/// Arrays and objects inside one another. Documents have a dozen; the guest's stack holds some
/// thousands.
const MAX_DEPTH: usize = 512;

/// Refuses text whose brackets nest deeper, wherever they are balanced. Strings of JSON are
/// skipped.
pub(crate) fn check(text: &[u8]) -> Result<(), Stop> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text {
        match (in_string, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_string = !in_string,
            (false, b'[' | b'{') => depth += 1,
            (false, b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(Stop::new(format!(
                "the input has more than {MAX_DEPTH} arrays and objects inside one another"
            )));
        }
    }
    Ok(())
}

/// Refuses YAML whose blocks nest deeper: each level takes a column, of spaces or of dashes.
pub(crate) fn check_blocks(text: &[u8]) -> Result<(), Stop> {
    let columns = |line: &[u8]| {
        line.iter()
            .take_while(|byte| matches!(byte, b' ' | b'-' | b'?'))
            .count()
    };
    match text
        .split(|byte| *byte == b'\n')
        .any(|line| columns(line) > MAX_DEPTH)
    {
        true => Err(Stop::new(format!(
            "the input has lines that begin with more than {MAX_DEPTH} spaces and dashes"
        ))),
        false => check(text),
    }
}
