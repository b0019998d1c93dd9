//! One file of a patch: which it is, what becomes of it, and what is said of that.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use cofferdam_command::{Output, Stop, path_error};

use crate::apply::{Fit, Text, Went};
use crate::args::Args;
use crate::parse::{Hunk, Kind, NO_FILE, Section};

/// Result for a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    /// Hunks failed or were skipped.
    Failed,
}

/// A file that is patched.
struct Target {
    /// The file that is read.
    name: String,
    /// The file that is written.
    new_name: String,
    exists: bool,
}

/// Patches one file.
pub(crate) fn patch(out: &mut Output, args: &Args, section: Section) -> Result<Outcome, Stop> {
    let mut section = if args.reverse {
        section.reversed()
    } else {
        section
    };
    if section.binary {
        let name = section.new.as_deref().unwrap_or("a file");
        writeln!(out, "File {name}: git binary diffs are not supported.")?;
        return Ok(Outcome::Failed);
    }
    if section.stripped {
        writeln!(
            out,
            "(Stripping trailing CRs from patch; use --binary to disable.)"
        )?;
    }
    let Some(target) = target(args, &section) else {
        return no_target(out, args, &section);
    };
    let path = Path::new(&args.directory).join(&target.name);
    let old = if target.exists {
        fs::read(&path).map_err(|error| Stop::new(path_error(&target.name, &error)))?
    } else {
        Vec::new()
    };
    if section.creates() && !old.is_empty() && !args.force {
        let problem = format!(
            "The next patch would create the file {},\nwhich already exists!",
            target.name
        );
        return refuse(out, args, &section, &problem);
    }
    let verb = if args.dry_run { "checking" } else { "patching" };
    if !args.silent {
        let renamed = if target.new_name == target.name {
            String::new()
        } else if args.output.is_some() {
            format!(" (read from {})", target.name)
        } else {
            format!(" (renamed from {})", target.name)
        };
        writeln!(out, "{verb} file {}{renamed}", target.new_name)?;
    }
    let fit = Fit {
        fuzz: args.fuzz,
        ignore_blanks: args.ignore_blanks,
    };
    let text = Text::new(&old);
    let exact = Fit { fuzz: 0, ..fit };
    let fits = section.hunks.first().is_none_or(|hunk| text.has(hunk, fit));
    let mut exactly = true;
    let turned = section.hunks.first().map(Hunk::reversed);
    if !fits && !args.force && turned.is_some_and(|hunk| text.has(&hunk, exact)) {
        if args.batch {
            writeln!(
                out,
                "Reversed (or previously applied) patch detected!  Assuming -R."
            )?;
            section = section.reversed();
            exactly = false;
        } else {
            return skip(out, args, &section, &target);
        }
    }
    let applied = text.apply(&section.hunks, fit);
    let mut rejected = Vec::new();
    for ((number, went), hunk) in (1..).zip(&applied.went).zip(&section.hunks) {
        match went {
            Went::Fits {
                fuzz: 0, offset: 0, ..
            } => {}
            Went::Fits { line, fuzz, offset } => {
                exactly = false;
                if args.silent {
                    continue;
                }
                write!(out, "Hunk #{number} succeeded at {line}")?;
                if *fuzz > 0 {
                    write!(out, " with fuzz {fuzz}")?;
                }
                if *offset != 0 {
                    let lines = if *offset == 1 { "line" } else { "lines" };
                    write!(out, " (offset {offset} {lines})")?;
                }
                writeln!(out, ".")?;
            }
            Went::Fails { line } => {
                exactly = false;
                if !args.silent {
                    let endings = if other_endings(&old, hunk, fit) {
                        " (different line endings)"
                    } else {
                        ""
                    };
                    writeln!(out, "Hunk #{number} FAILED at {line}{endings}.")?;
                }
                rejected.push(hunk.clone());
            }
        }
    }
    let done = Done {
        args,
        section: &section,
        target: &target,
        old: &old,
        new: &applied.text,
        changed: rejected.len() < section.hunks.len() || section.hunks.is_empty(),
        backup: args.backup || (!exactly && args.backup_if_mismatch && target.exists),
    };
    let mut outcome = Outcome::Done;
    if !args.dry_run {
        outcome = done.write(out)?;
    }
    if rejected.is_empty() {
        return Ok(outcome);
    }
    reject(out, args, &target, &section, &rejected, "FAILED")?;
    Ok(Outcome::Failed)
}

/// A file whose hunks were tried.
struct Done<'a> {
    args: &'a Args,
    section: &'a Section,
    target: &'a Target,
    old: &'a [u8],
    new: &'a [u8],
    changed: bool,
    backup: bool,
}

impl Done<'_> {
    fn write(&self, out: &mut Output) -> Result<Outcome, Stop> {
        let below = |name: &str| Path::new(&self.args.directory).join(name);
        let path = below(&self.target.name);
        let new_path = below(&self.target.new_name);
        let named = |error: io::Error| Stop::new(path_error(&self.target.new_name, &error));
        if self.backup && self.args.output.is_none() {
            let copy = format!("{}{}", self.target.name, self.args.suffix);
            fs::write(below(&copy), self.old).map_err(named)?;
        }
        if !self.changed {
            return Ok(Outcome::Done);
        }
        if let Some(parent) = new_path.parent() {
            fs::create_dir_all(parent).map_err(named)?;
        }
        let mut outcome = Outcome::Done;
        let gone = self.section.deletes() || (self.args.remove_empty && self.new.is_empty());
        if gone && self.args.output.is_none() {
            if self.new.is_empty() {
                fs::remove_file(&path).map_err(named)?;
                remove_empty_directories(&path);
                return Ok(Outcome::Done);
            }
            let name = &self.target.name;
            writeln!(
                out,
                "Not deleting file {name} as content differs from patch"
            )?;
            outcome = Outcome::Failed;
        }
        if fs::symlink_metadata(&new_path).is_ok_and(|there| there.is_symlink()) {
            return Err(Stop::new(format!(
                "File {} is not a regular file -- refusing to patch",
                self.target.new_name
            )));
        }
        fs::write(&new_path, self.new).map_err(named)?;
        if self.section.renamed.is_some() && self.args.output.is_none() && path != new_path {
            fs::remove_file(&path).map_err(named)?;
        }
        Ok(outcome)
    }
}

fn remove_empty_directories(path: &Path) {
    let mut parent = path.parent();
    while let Some(directory) = parent.filter(|parent| !parent.as_os_str().is_empty()) {
        // One that is not empty stays, and so do those above it.
        if fs::remove_dir(directory).is_err() {
            return;
        }
        parent = directory.parent();
    }
}

/// Returns true if a hunk would fit a file whose lines end in LF instead of CR LF.
fn other_endings(old: &[u8], hunk: &Hunk, fit: Fit) -> bool {
    let lines = old.split_inclusive(|byte| *byte == b'\n');
    let lines = lines.flat_map(|line| match line {
        [before @ .., b'\r', b'\n'] => [before, b"\n".as_slice()],
        other => [other, b"".as_slice()],
    });
    let turned = lines.collect::<Vec<_>>().concat();
    turned != old && Text::new(&turned).has(hunk, fit)
}

/// A patch for a file that should not be there, or should be.
fn refuse(
    out: &mut Output,
    args: &Args,
    section: &Section,
    problem: &str,
) -> Result<Outcome, Stop> {
    if args.forward {
        writeln!(out, "{problem}  Skipping patch.")?;
    } else {
        writeln!(
            out,
            "{problem}  Assume -R? [n] \nApply anyway? [n] \nSkipping patch."
        )?;
    }
    ignored(out, section)
}

fn ignored(out: &mut Output, section: &Section) -> Result<Outcome, Stop> {
    let count = section.hunks.len();
    let hunks = if count == 1 { "hunk" } else { "hunks" };
    writeln!(out, "{count} out of {count} {hunks} ignored")?;
    Ok(Outcome::Failed)
}

/// A patch that is applied already, or that goes the other way. Nobody can be asked here, so GNU
/// patch's words are printed that it has when there is no answer.
fn skip(
    out: &mut Output,
    args: &Args,
    section: &Section,
    target: &Target,
) -> Result<Outcome, Stop> {
    let what = if args.reverse {
        "Unreversed patch detected!"
    } else {
        "Reversed (or previously applied) patch detected!"
    };
    if args.forward {
        writeln!(out, "{what}  Skipping patch.")?;
    } else {
        let question = if args.reverse {
            "Ignore -R?"
        } else {
            "Assume -R?"
        };
        writeln!(
            out,
            "{what}  {question} [n] \nApply anyway? [n] \nSkipping patch."
        )?;
    }
    reject(out, args, target, section, &section.hunks, "ignored")?;
    Ok(Outcome::Failed)
}

/// Writes hunks that were not applied into a file.
fn reject(
    out: &mut Output,
    args: &Args,
    target: &Target,
    section: &Section,
    hunks: &[Hunk],
    what: &str,
) -> Result<(), Stop> {
    let all = section.hunks.len();
    let count = if what == "ignored" { all } else { hunks.len() };
    let hunk = if all == 1 { "hunk" } else { "hunks" };
    write!(out, "{count} out of {all} {hunk} {what}")?;
    let name = match &args.rejects {
        Some(name) => name.clone(),
        None => format!("{}.rej", target.new_name),
    };
    if args.dry_run || name == "-" {
        writeln!(out)?;
        return Ok(());
    }
    writeln!(out, " -- saving rejects to file {name}")?;
    let shown = |name: &Option<String>| {
        let name = name.as_deref().and_then(|name| match name {
            NO_FILE => Some(NO_FILE.to_owned()),
            name => stripped(name, args.strip),
        });
        name.unwrap_or_else(|| target.name.clone())
    };
    let old = shown(&section.old);
    let new = shown(&section.new);
    let [old_time, new_time] = [&section.old_time, &section.new_time];
    let mut text = format!("--- {old}{old_time}\n+++ {new}{new_time}\n").into_bytes();
    for hunk in hunks {
        let range = |range: crate::parse::Range| match range.count {
            1 => range.start.to_string(),
            count => format!("{},{count}", range.start),
        };
        let head = format!("@@ -{} +{} @@", range(hunk.old), range(hunk.new));
        text.extend_from_slice(head.as_bytes());
        text.extend_from_slice(&hunk.function);
        text.push(b'\n');
        for line in &hunk.lines {
            text.push(match line.kind {
                Kind::Context => b' ',
                Kind::Old => b'-',
                Kind::New => b'+',
            });
            text.extend_from_slice(&line.text);
            if line.text.last() != Some(&b'\n') {
                text.extend_from_slice(b"\n\\ No newline at end of file\n");
            }
        }
    }
    let path = Path::new(&args.directory).join(&name);
    fs::write(path, text).map_err(|error| Stop::new(path_error(&name, &error)))
}

/// The file that a section is for, if there is one.
fn target(args: &Args, section: &Section) -> Option<Target> {
    let exists = |name: &str| Path::new(&args.directory).join(name).is_file();
    let output = |name: &str| args.output.clone().unwrap_or_else(|| name.to_owned());
    if let Some(file) = &args.file {
        return Some(Target {
            exists: exists(file),
            new_name: output(file),
            name: file.clone(),
        });
    }
    if let Some(renamed) = &section.renamed {
        // git's names of a renaming have no `a/` to strip.
        let from = inside(&renamed.from)?;
        let to = inside(&renamed.to)?;
        return exists(&from).then(|| Target {
            name: from,
            new_name: output(&to),
            exists: true,
        });
    }
    let names = [&section.old, &section.new].into_iter().flatten();
    let names = names.filter(|name| *name != NO_FILE);
    let mut names: Vec<_> = names
        .filter_map(|name| stripped(name, args.strip))
        .collect();
    let there = names.iter().filter(|name| exists(name));
    // The one with the fewest parts, and then the shortest.
    let best = there
        .min_by_key(|name| (name.matches('/').count(), name.len()))
        .cloned();
    let (name, exists) = match best {
        Some(name) => (name, true),
        None if section.creates() => (names.pop()?, false),
        None => return None,
    };
    Some(Target {
        new_name: output(&name),
        name,
        exists,
    })
}

/// A name without its first parts; without a number, the last part alone. `None` for one that would
/// leave the directory.
fn stripped(name: &str, strip: Option<usize>) -> Option<String> {
    let parts: Vec<&str> = name.split('/').collect();
    let rest = match strip {
        Some(strip) => parts.get(strip..)?,
        None => parts.get(parts.len().checked_sub(1)?..)?,
    };
    inside(&rest.join("/"))
}

fn inside(name: &str) -> Option<String> {
    let leaves = name.starts_with('/') || name.split('/').any(|part| part == "..");
    (!leaves && !name.is_empty()).then(|| name.to_owned())
}

/// No file is there to be patched.
fn no_target(out: &mut Output, args: &Args, section: &Section) -> Result<Outcome, Stop> {
    let gone = section.old.as_ref().filter(|_| section.deletes());
    if let Some(name) = gone.and_then(|name| stripped(name, args.strip)) {
        let problem =
            format!("The next patch would delete the file {name},\nwhich does not exist!");
        return refuse(out, args, section, &problem);
    }
    let number = section.line;
    let names: Vec<_> = [&section.old, &section.new].into_iter().flatten().collect();
    let leaving = names.iter().find(|name| {
        let stripped: PathBuf = Path::new(name.as_str())
            .components()
            .skip(args.strip.unwrap_or(0))
            .collect();
        stripped.is_absolute() || stripped.components().any(|part| part.as_os_str() == "..")
    });
    if let Some(name) = leaving {
        writeln!(out, "Ignoring potentially dangerous file name {name}")?;
    }
    writeln!(out, "can't find file to patch at input line {number}")?;
    let advice = if args.strip.is_some() {
        "used the wrong"
    } else {
        "should have used the"
    };
    writeln!(out, "Perhaps you {advice} -p or --strip option?")?;
    writeln!(
        out,
        "The text leading up to this was:\n--------------------------"
    )?;
    for line in &section.header {
        writeln!(out, "|{line}")?;
    }
    writeln!(out, "--------------------------")?;
    if args.force || args.batch {
        writeln!(out, "No file to patch.  Skipping patch.")?;
    } else {
        writeln!(
            out,
            "File to patch: \nSkip this patch? [y] \nSkipping patch."
        )?;
    }
    ignored(out, section)
}
