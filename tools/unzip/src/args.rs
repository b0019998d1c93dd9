//! The command line.

use cofferdam_command::{Pattern, Stop};
use lexopt::prelude::*;

/// The task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    Unpack,
    /// `-l`
    List,
    /// `-Z1`
    Names,
    /// `-p`
    Print,
    /// `-t`
    Test,
}

/// Treatment of files that exist already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    /// Nobody can be asked here, so they stay, and that is a failure.
    Refuse,
    /// `-o`
    Replace,
    /// `-n`
    Keep,
}

/// A member pattern, and whether it matched.
pub(crate) struct Member {
    pub(crate) text: String,
    pub(crate) pattern: Pattern,
    pub(crate) found: bool,
}

/// A parsed command line.
pub(crate) struct Args {
    pub(crate) task: Task,
    pub(crate) archive: String,
    pub(crate) members: Vec<Member>,
    pub(crate) exclude: Vec<Member>,
    pub(crate) directory: String,
    pub(crate) existing: Existing,
    /// Number of `-q`.
    pub(crate) quiet: u8,
    /// `-j`: without directories.
    pub(crate) junk: bool,
}

impl Args {
    pub(crate) fn parse() -> Result<Self, Stop> {
        let mut args = Self {
            task: Task::Unpack,
            archive: String::new(),
            members: Vec::new(),
            exclude: Vec::new(),
            directory: String::new(),
            existing: Existing::Refuse,
            quiet: 0,
            junk: false,
        };
        let mut excluding = false;
        let mut fold = false;
        let mut words = Vec::new();
        let mut parser = cofferdam_command::parser();
        while let Some(argument) = parser.next()? {
            match argument {
                Short('l') => args.task = Task::List,
                Short('Z') => match parser.optional_value() {
                    Some(value) if value == "1" => args.task = Task::Names,
                    _ => return Err(Stop::new("of -Z there is only -Z1 here: the names alone")),
                },
                Short('p') => args.task = Task::Print,
                Short('t') => args.task = Task::Test,
                Short('o') => args.existing = Existing::Replace,
                Short('n') => args.existing = Existing::Keep,
                Short('q') => args.quiet = args.quiet.saturating_add(1),
                Short('j') => args.junk = true,
                Short('C') => fold = true,
                Short('d') => args.directory = parser.value()?.string()?,
                Short('x') => excluding = true,
                Short('P') => return Err(Stop::new("encrypted archives are not read here")),
                Value(value) => words.push((value.string()?, excluding)),
                other => return Err(other.unexpected().into()),
            }
        }
        let mut words = words.into_iter();
        let archive = words.next();
        let (archive, _) = archive.ok_or_else(|| {
            Stop::new("an archive is missing: unzip [OPTION]... FILE [MEMBER]... [-x MEMBER]...")
        })?;
        args.archive = archive;
        for (text, exclude) in words {
            let member = Member {
                pattern: Pattern::new(&text, fold),
                text,
                found: false,
            };
            if exclude {
                args.exclude.push(member);
            } else {
                args.members.push(member);
            }
        }
        Ok(args)
    }

    /// Returns true for a member that is asked for.
    pub(crate) fn wants(&mut self, name: &str) -> bool {
        let mut wanted = self.members.is_empty();
        for member in &mut self.members {
            if member.pattern.matches(name) {
                member.found = true;
                wanted = true;
            }
        }
        for member in &mut self.exclude {
            if wanted && member.pattern.matches(name) {
                member.found = true;
                wanted = false;
            }
        }
        wanted
    }
}
