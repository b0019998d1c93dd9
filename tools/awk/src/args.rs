//! The command line.

use cofferdam_command::{Stop, read};
use lexopt::prelude::*;

use crate::TROUBLE;
use crate::lexer::unescape;
use crate::value::Text;

/// A parsed command line.
pub(crate) struct Args {
    pub(crate) program: Vec<u8>,
    /// `-F`
    pub(crate) separator: Option<Text>,
    /// `-v`, in order.
    pub(crate) assignments: Vec<String>,
    pub(crate) operands: Vec<String>,
}

impl Args {
    pub(crate) fn parse() -> Result<Self, Stop> {
        let mut programs: Vec<Vec<u8>> = Vec::new();
        let mut args = Self {
            program: Vec::new(),
            separator: None,
            assignments: Vec::new(),
            operands: Vec::new(),
        };
        let mut parser = cofferdam_command::parser();
        while let Some(argument) = parser.next()? {
            match argument {
                Short('F') | Long("field-separator") => {
                    let separator = parser.value()?.string()?;
                    args.separator = Some(unescape(separator.as_bytes()).into());
                }
                Short('v') | Long("assign") => args.assignments.push(parser.value()?.string()?),
                Short('f') | Long("file") => {
                    let program = read(&parser.value()?.string()?);
                    programs.push(program.map_err(|stop| stop.with_code(TROUBLE))?);
                }
                Short('e') | Long("source") => {
                    programs.push(parser.value()?.string()?.into_bytes());
                }
                // What these ask for is so already.
                Short('r') | Long("re-interval") => {}
                Short('i') | Long("include") => {
                    return Err(Stop::new(
                        "-i is not supported here: print to another file, or edit with sed -i",
                    ));
                }
                Value(value) => {
                    if programs.is_empty() {
                        programs.push(value.string()?.into_bytes());
                    } else {
                        args.operands.push(value.string()?);
                    }
                    // What follows is for the program, options too.
                    let rest = parser.raw_args()?.map(|rest| rest.string());
                    args.operands.extend(rest.collect::<Result<Vec<_>, _>>()?);
                }
                other => return Err(other.unexpected().into()),
            }
        }
        if programs.is_empty() {
            return Err(Stop::new(
                "a program is missing: awk [OPTION]... PROGRAM [FILE]...",
            ));
        }
        args.program = programs.join(&b'\n');
        Ok(args)
    }
}
