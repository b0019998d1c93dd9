//! A file becomes another file beside it, and goes.

use std::fs::{File, FileTimes, OpenOptions};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use cofferdam_command::{Output, Stop, path_error};

use crate::args::{Args, Work};
use crate::member::{self, Foreign, Origin, Sizes};

/// Exit code for what is passed over, and for what is done with a remark.
const WARNING: u8 = 2;

/// Compresses or decompresses one file. `remark` tells what was done.
pub(crate) fn file(
    out: &mut Output,
    name: &str,
    args: &Args,
    remark: &dyn Fn(String),
) -> Result<(), Stop> {
    let Some(names) = names(name, args, remark)? else {
        return Ok(());
    };
    let (name, target) = (names.source, names.target);
    let failed = |error: io::Error| Stop::new(path_error(&name, &error));
    let mut input = BufReader::new(File::open(&name).map_err(failed)?);
    let metadata = input.get_ref().metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(Stop::new(format!("{name} is a directory -- ignored")).with_code(WARNING));
    }
    let modified = metadata.modified().ok();
    if args.work == Work::Test {
        let tested = member::decompress(&mut input, &mut io::sink(), foreign(args));
        let sizes = tested.map_err(failed)?;
        if args.verbose {
            remark(format!("{name}:\t OK"));
        }
        return complain_of_garbage(&name, &sizes);
    }
    if args.stdout {
        let sizes = work(&mut input, out, &name, modified, args).map_err(failed)?;
        remark_ratio(args, &name, &sizes, "replaced with stdout", remark);
        return complain_of_garbage(&name, &sizes);
    }
    let created = match args.force {
        true => File::create(&target),
        false => OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&target),
    };
    let created = created.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => Stop::new(format!(
            "{target} already exists; not overwritten (-f does)"
        ))
        .with_code(WARNING),
        _ => Stop::new(path_error(&target, &error)),
    })?;
    let mut output = BufWriter::new(created);
    let done = work(&mut input, &mut output, &name, modified, args);
    let sizes = match done.and_then(|sizes| output.flush().map(|()| sizes)) {
        Ok(sizes) => sizes,
        Err(error) => {
            drop(output);
            // Half a file looks like a whole one.
            std::fs::remove_file(&target).ok();
            return Err(failed(error));
        }
    };
    if let Some(modified) = modified {
        // A file system that keeps no times is no reason to fail.
        output
            .get_ref()
            .set_times(FileTimes::new().set_modified(modified))
            .ok();
    }
    let what = match args.keep {
        true => format!("created {target}"),
        false => {
            std::fs::remove_file(&name).map_err(failed)?;
            format!("replaced with {target}")
        }
    };
    remark_ratio(args, &name, &sizes, &what, remark);
    complain_of_garbage(&name, &sizes)
}

/// `-v`: how much smaller the compressed data is, and what was done.
pub(crate) fn remark_ratio(
    args: &Args,
    name: &str,
    sizes: &Sizes,
    what: &str,
    remark: &dyn Fn(String),
) {
    if args.verbose {
        remark(format!("{name}:\t{:5.1}% -- {what}", sizes.ratio()));
    }
}

/// Treatment of an input that is not compressed.
pub(crate) fn foreign(args: &Args) -> Foreign {
    match args.force && (args.stdout || args.work == Work::Test) {
        true => Foreign::Copied,
        false => Foreign::Refused,
    }
}

/// What follows the compressed data is told, when everything else is done.
pub(crate) fn complain_of_garbage(name: &str, sizes: &Sizes) -> Result<(), Stop> {
    match sizes.garbage {
        true => Err(Stop::new(format!(
            "{name}: decompression OK, trailing garbage ignored"
        ))
        .with_code(WARNING)),
        false => Ok(()),
    }
}

fn work(
    input: &mut BufReader<File>,
    out: &mut dyn Write,
    name: &str,
    modified: Option<SystemTime>,
    args: &Args,
) -> io::Result<Sizes> {
    if args.work == Work::Decompress {
        return member::decompress(input, out, foreign(args));
    }
    let origin = if args.anonymous {
        Origin::default()
    } else {
        origin(name, modified)
    };
    member::compress(input, out, args.level, &origin)
}

fn origin(name: &str, modified: Option<SystemTime>) -> Origin {
    let seconds = modified
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
        .map_or(0, |since| since.as_secs());
    let name = Path::new(name)
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    Origin {
        name,
        modified: u32::try_from(seconds).unwrap_or(0),
    }
}

/// The file that is meant and the one that is made of it.
struct Names {
    source: String,
    target: String,
}

/// Finds both names; none for a file that stays as it is.
fn names(name: &str, args: &Args, remark: &dyn Fn(String)) -> Result<Option<Names>, Stop> {
    let suffix = args.suffix.as_str();
    if args.work == Work::Compress {
        if name.ends_with(suffix) && !args.force && !args.stdout {
            // Below directories that is no news.
            if !args.quiet && (args.verbose || !args.recursive) {
                remark(format!(
                    "gzip: {name} already has {suffix} suffix -- unchanged"
                ));
            }
            return Ok(None);
        }
        return Ok(Some(Names {
            source: name.to_owned(),
            target: format!("{name}{suffix}"),
        }));
    }
    // `gzip -d notes` means notes.gz, when there is no notes.
    let source = if Path::new(name).exists() || name.ends_with(suffix) {
        name.to_owned()
    } else {
        format!("{name}{suffix}")
    };
    if args.stdout || args.work == Work::Test {
        return Ok(Some(Names {
            source,
            target: String::new(),
        }));
    }
    let plain = source.strip_suffix(suffix);
    let target = match (plain, source.strip_suffix(".tgz")) {
        (Some(target), _) if !target.is_empty() && !target.ends_with('/') => target.to_owned(),
        (_, Some(target)) => format!("{target}.tar"),
        _ if args.recursive => return Ok(None),
        _ => {
            return Err(
                Stop::new(format!("{source}: unknown suffix -- ignored")).with_code(WARNING)
            );
        }
    };
    Ok(Some(Names { source, target }))
}
