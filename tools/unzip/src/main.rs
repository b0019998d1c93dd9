//! `unzip`: Info-ZIP's way to list and unpack, on the crate zip.

mod args;
mod unpack;

use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::Path;
use std::process::ExitCode;

use args::{Args, Task};
use cofferdam_command::{Complaints, Ending, Output, Stop, path_error, run};
use unpack::Unpacking;
use zip::ZipArchive;

/// Exit codes of Info-ZIP.
mod code {
    pub(super) const FAILED: u8 = 2;
    pub(super) const NO_ARCHIVE: u8 = 9;
    pub(super) const USAGE: u8 = 10;
    pub(super) const NOT_MATCHED: u8 = 11;
}

type Archive = ZipArchive<BufReader<File>>;

fn main() -> ExitCode {
    run("unzip", include_str!("../USAGE.md"), unzip)
}

fn unzip(out: &mut Output, complaints: &Complaints) -> Result<Ending, Stop> {
    let mut args = Args::parse().map_err(|stop| stop.with_code(code::USAGE))?;
    let code = match archive(&args) {
        Ok((name, mut archive)) => {
            args.archive = name;
            let done = work(out, &mut args, &mut archive, complaints);
            done.unwrap_or_else(|stop| {
                complaints.say(stop.sentence());
                code::FAILED
            })
        }
        Err(stop) => {
            complaints.say(stop.sentence());
            code::NO_ARCHIVE
        }
    };
    // What was done before trouble is still to be seen.
    out.flush()?;
    Ok(Ending::Code(code))
}

/// Opens the archive, whose `.zip` may be left out.
fn archive(args: &Args) -> Result<(String, Archive), Stop> {
    let mut name = args.archive.clone();
    if !Path::new(&name).exists() {
        name.push_str(".zip");
        if !Path::new(&name).exists() {
            return Err(Stop::new(format!(
                "cannot find or open {} or {name}",
                args.archive
            )));
        }
    }
    let file = File::open(&name).map_err(|error| Stop::new(path_error(&name, &error)))?;
    let archive = ZipArchive::new(BufReader::new(file));
    match archive {
        Ok(archive) => Ok((name, archive)),
        Err(error) => Err(Stop::new(format!(
            "{name}: not a zip archive, or broken: {error}"
        ))),
    }
}

fn work(
    out: &mut Output,
    args: &mut Args,
    archive: &mut Archive,
    complaints: &Complaints,
) -> Result<u8, Stop> {
    let names = (0..archive.len()).map(|index| {
        let file = archive.by_index_raw(index);
        let file = file.map_err(|error| Stop::new(format!("member {index}: {error}")))?;
        Ok((index, String::from_utf8_lossy(file.name_raw()).into_owned()))
    });
    let mut names = names.collect::<Result<Vec<_>, Stop>>()?;
    names.retain(|(_, name)| args.wants(name));
    let speaks = args.quiet < 2 && !matches!(args.task, Task::Names | Task::Print);
    if speaks && (args.quiet == 0) {
        writeln!(out, "Archive:  {}", args.archive)?;
    }
    let failed = match args.task {
        Task::List => list(out, args, archive, &names)?,
        Task::Names => {
            for (_, name) in &names {
                writeln!(out, "{name}")?;
            }
            false
        }
        Task::Print => print(out, archive, &names, complaints)?,
        Task::Test => test(out, args, archive, &names)?,
        Task::Unpack => unpack(out, args, archive, &names, complaints)?,
    };
    let missed = args.members.iter().filter(|member| !member.found);
    let missed: Vec<_> = missed.map(|member| member.text.clone()).collect();
    for text in &missed {
        complaints.say(format!("caution: filename not matched:  {text}"));
    }
    for member in args.exclude.iter().filter(|member| !member.found) {
        complaints.say(format!(
            "caution: excluded filename not matched:  {}",
            member.text
        ));
    }
    Ok(match () {
        () if failed => code::FAILED,
        () if !missed.is_empty() && (names.is_empty() || args.task != Task::List) => {
            code::NOT_MATCHED
        }
        () => 0,
    })
}

fn list(
    out: &mut Output,
    args: &Args,
    archive: &mut Archive,
    names: &[(usize, String)],
) -> Result<bool, Stop> {
    let frame = args.quiet < 2;
    if frame {
        writeln!(out, "  Length      Date    Time    Name")?;
        writeln!(out, "---------  ---------- -----   ----")?;
    }
    let mut total = 0_u64;
    for (index, name) in names {
        let file = archive.by_index_raw(*index);
        let file = file.map_err(|error| Stop::new(format!("{name}: {error}")))?;
        total = total.saturating_add(file.size());
        let time = file.last_modified().unwrap_or_default();
        writeln!(
            out,
            "{:>9}  {:04}-{:02}-{:02} {:02}:{:02}   {name}",
            file.size(),
            time.year(),
            time.month(),
            time.day(),
            time.hour(),
            time.minute()
        )?;
    }
    if frame {
        let count = names.len();
        let files = if count == 1 { "file" } else { "files" };
        writeln!(out, "---------                     -------")?;
        writeln!(out, "{total:>9}                     {count} {files}")?;
    }
    Ok(false)
}

fn print(
    out: &mut Output,
    archive: &mut Archive,
    names: &[(usize, String)],
    complaints: &Complaints,
) -> Result<bool, Stop> {
    let mut failed = false;
    for (index, name) in names {
        let copied = archive
            .by_index(*index)
            .map_err(io::Error::other)
            .and_then(|mut file| io::copy(&mut file, out));
        if let Err(error) = copied {
            complaints.say(path_error(name, &error));
            failed = true;
        }
    }
    Ok(failed)
}

fn test(
    out: &mut Output,
    args: &Args,
    archive: &mut Archive,
    names: &[(usize, String)],
) -> Result<bool, Stop> {
    let mut errors = 0;
    for (index, name) in names {
        let read = archive
            .by_index(*index)
            .map_err(io::Error::other)
            .and_then(|mut file| io::copy(&mut file, &mut io::sink()));
        let said = match &read {
            Ok(_) => "OK".to_owned(),
            Err(error) => error.to_string(),
        };
        errors += usize::from(read.is_err());
        if args.quiet == 0 || read.is_err() {
            writeln!(out, "    testing: {name:<22}   {said}")?;
        }
    }
    if errors > 0 {
        writeln!(out, "At least one error was detected in {}.", args.archive)?;
    } else if args.quiet < 2 {
        writeln!(
            out,
            "No errors detected in compressed data of {}.",
            args.archive
        )?;
    }
    Ok(errors > 0)
}

fn unpack(
    out: &mut Output,
    args: &Args,
    archive: &mut Archive,
    names: &[(usize, String)],
    complaints: &Complaints,
) -> Result<bool, Stop> {
    let mut unpacking = Unpacking {
        args,
        complaints,
        failed: false,
        links: Vec::new(),
    };
    for (index, name) in names {
        match archive.by_index(*index) {
            Ok(file) => unpacking.member(out, name, file)?,
            Err(error) => {
                complaints.say(format!("{name}: {error}"));
                unpacking.failed = true;
            }
        }
    }
    unpacking.finish(out)?;
    Ok(unpacking.failed)
}
