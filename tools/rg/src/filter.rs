//! Rules for which files are searched.

use cofferdam_command::Stop;
use ignore::WalkBuilder;
use ignore::overrides::OverrideBuilder;
use ignore::types::{Types, TypesBuilder};
use std::path::Path;

use crate::args::size;
use crate::search::number;

/// A change of the types of files, in the order in which they were given.
enum Change {
    Select(String),
    Negate(String),
    Add(String),
    Clear(String),
}

/// Rules that leave files out.
#[derive(Default)]
pub(crate) struct Filter {
    /// Globs with whether case counts.
    globs: Vec<(String, bool)>,
    globs_ignore_case: bool,
    types: Vec<Change>,
    hidden: bool,
    no_ignore: bool,
    no_dot: bool,
    no_exclude: bool,
    no_files: bool,
    no_parent: bool,
    no_vcs: bool,
    /// `.gitignore` counts outside a repository, too.
    no_require_git: bool,
    ignore_files: Vec<String>,
    ignore_files_ignore_case: bool,
    max_depth: Option<usize>,
    max_filesize: Option<u64>,
    /// The number of times `-u` was given.
    pub(crate) unrestricted: u8,
}

impl Filter {
    /// Takes an option, if it is one of these.
    pub(crate) fn take(&mut self, option: &str, parser: &mut lexopt::Parser) -> Result<bool, Stop> {
        let mut value = || -> Result<String, Stop> {
            let value = parser.value()?;
            Ok(value.to_string_lossy().into_owned())
        };
        match option {
            "-g" | "--glob" => self.globs.push((value()?, true)),
            "--iglob" => self.globs.push((value()?, false)),
            "--glob-case-insensitive" => self.globs_ignore_case = true,
            "--no-glob-case-insensitive" => self.globs_ignore_case = false,
            "-t" | "--type" => self.types.push(Change::Select(value()?)),
            "-T" | "--type-not" => self.types.push(Change::Negate(value()?)),
            "--type-add" => self.types.push(Change::Add(value()?)),
            "--type-clear" => self.types.push(Change::Clear(value()?)),
            "-." | "--hidden" => self.hidden = true,
            "--no-hidden" => self.hidden = false,
            "--no-ignore" => self.no_ignore = true,
            "--ignore" => self.no_ignore = false,
            "--no-ignore-dot" => self.no_dot = true,
            "--ignore-dot" => self.no_dot = false,
            "--no-ignore-exclude" => self.no_exclude = true,
            "--ignore-exclude" => self.no_exclude = false,
            "--no-ignore-files" => self.no_files = true,
            "--ignore-files" => self.no_files = false,
            // There is no configuration of a user, so there are no global rules.
            "--no-ignore-global" | "--ignore-global" => {}
            "--no-ignore-parent" => self.no_parent = true,
            "--ignore-parent" => self.no_parent = false,
            "--no-ignore-vcs" => self.no_vcs = true,
            "--ignore-vcs" => self.no_vcs = false,
            "--no-require-git" => self.no_require_git = true,
            "--require-git" => self.no_require_git = false,
            "--ignore-file" => self.ignore_files.push(value()?),
            "--ignore-file-case-insensitive" => self.ignore_files_ignore_case = true,
            "--no-ignore-file-case-insensitive" => self.ignore_files_ignore_case = false,
            "-d" | "--max-depth" | "--maxdepth" => {
                self.max_depth = Some(number(option, &value()?)?)
            }
            "--max-filesize" => self.max_filesize = Some(size(&value()?)?),
            "-u" | "--unrestricted" => {
                self.unrestricted = self.unrestricted.saturating_add(1);
                self.no_ignore = true;
                self.hidden |= self.unrestricted >= 2;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The walk below a root.
    pub(crate) fn walk(&self, root: &str) -> Result<WalkBuilder, Stop> {
        let wrong = |error: ignore::Error| Stop::new(crate::walk::sentence(&error));
        let mut builder = WalkBuilder::new(root);
        let (dot, vcs) = (
            !self.no_ignore && !self.no_dot,
            !self.no_ignore && !self.no_vcs,
        );
        // A preopened directory is a root: there is nothing above it, and no configuration of a
        // user.
        builder
            .hidden(!self.hidden)
            .ignore(dot)
            .git_ignore(vcs)
            .git_exclude(vcs && !self.no_exclude)
            .git_global(false)
            .parents(!self.no_ignore && !self.no_parent)
            .require_git(!self.no_require_git)
            .ignore_case_insensitive(self.ignore_files_ignore_case)
            .max_depth(self.max_depth)
            .max_filesize(self.max_filesize);
        if dot {
            builder.add_custom_ignore_filename(".rgignore");
        }
        if !self.no_files {
            for file in &self.ignore_files {
                if let Some(error) = builder.add_ignore(file) {
                    return Err(wrong(error));
                }
            }
        }
        let mut globs = OverrideBuilder::new(if Path::new(root).is_absolute() {
            root
        } else {
            "."
        });
        for (glob, case) in &self.globs {
            globs
                .case_insensitive(!case || self.globs_ignore_case)
                .map_err(wrong)?;
            globs.add(glob).map_err(wrong)?;
        }
        builder.overrides(globs.build().map_err(wrong)?);
        builder.types(self.types()?);
        Ok(builder)
    }

    /// The types that are searched and those that are not.
    fn types(&self) -> Result<Types, Stop> {
        let wrong = |error: ignore::Error| Stop::new(crate::walk::sentence(&error));
        self.definitions()?.build().map_err(wrong)
    }

    /// All types there are, with the changes that were asked for.
    pub(crate) fn definitions(&self) -> Result<TypesBuilder, Stop> {
        let wrong = |error: ignore::Error| Stop::new(crate::walk::sentence(&error));
        let mut types = TypesBuilder::new();
        types.add_defaults();
        for change in &self.types {
            match change {
                Change::Select(name) => drop(types.select(name)),
                Change::Negate(name) => drop(types.negate(name)),
                Change::Add(definition) => types.add_def(definition).map_err(wrong)?,
                Change::Clear(name) => drop(types.clear(name)),
            }
        }
        Ok(types)
    }
}
