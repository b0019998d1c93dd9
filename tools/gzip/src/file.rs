//! A file becomes another file beside it, and goes.

use std::fs::{File, FileTimes, OpenOptions};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use cofferdam_command::{Output, Stop, path_error};

use crate::args::{Args, Work};
use crate::member::{self, Origin, Plain};

/// Compresses or decompresses one file.
pub(crate) fn file(out: &mut Output, name: &str, args: &Args) -> Result<(), Stop> {
    let (name, target) = names(name, args)?;
    let failed = |error: io::Error| Stop::new(path_error(&name, &error));
    let mut input = BufReader::new(File::open(&name).map_err(failed)?);
    let metadata = input.get_ref().metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(Stop::new(format!("{name} is a directory -- ignored")));
    }
    let modified = metadata.modified().ok();
    if args.work == Work::Test {
        let plain = member::decompress(&mut input, &mut io::sink()).map_err(failed)?;
        return complain_of_garbage(&name, &plain);
    }
    if args.stdout {
        let plain = work(&mut input, out, &name, modified, args).map_err(failed)?;
        return complain_of_garbage(&name, &plain);
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
        )),
        _ => Stop::new(path_error(&target, &error)),
    })?;
    let mut output = BufWriter::new(created);
    let done = work(&mut input, &mut output, &name, modified, args);
    let plain = match done.and_then(|plain| output.flush().map(|()| plain)) {
        Ok(plain) => plain,
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
    if !args.keep {
        std::fs::remove_file(&name).map_err(failed)?;
    }
    complain_of_garbage(&name, &plain)
}

/// What follows the compressed data is told, when everything else is done.
pub(crate) fn complain_of_garbage(name: &str, plain: &Plain) -> Result<(), Stop> {
    match plain.garbage {
        true => Err(Stop::new(format!(
            "{name}: decompression OK, trailing garbage ignored"
        ))),
        false => Ok(()),
    }
}

fn work(
    input: &mut BufReader<File>,
    out: &mut dyn Write,
    name: &str,
    modified: Option<SystemTime>,
    args: &Args,
) -> io::Result<Plain> {
    if args.work == Work::Decompress {
        return member::decompress(input, out);
    }
    let origin = if args.anonymous {
        Origin::default()
    } else {
        origin(name, modified)
    };
    member::compress(input, out, args.level, &origin)?;
    Ok(Plain {
        bytes: 0,
        garbage: false,
    })
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
fn names(name: &str, args: &Args) -> Result<(String, String), Stop> {
    let suffix = args.suffix.as_str();
    if args.work == Work::Compress {
        return match name.ends_with(suffix) && !args.force && !args.stdout {
            true => Err(Stop::new(format!(
                "{name} already has {suffix} suffix -- unchanged"
            ))),
            false => Ok((name.to_owned(), format!("{name}{suffix}"))),
        };
    }
    // `gzip -d notes` means notes.gz, when there is no notes.
    let name = if Path::new(name).exists() || name.ends_with(suffix) {
        name.to_owned()
    } else {
        format!("{name}{suffix}")
    };
    if args.stdout || args.work == Work::Test {
        return Ok((name, String::new()));
    }
    let target = match (name.strip_suffix(suffix), name.strip_suffix(".tgz")) {
        (Some(target), _) if !target.is_empty() && !target.ends_with('/') => target.to_owned(),
        (_, Some(target)) => format!("{target}.tar"),
        _ => return Err(Stop::new(format!("{name}: unknown suffix -- ignored"))),
    };
    Ok((name, target))
}
