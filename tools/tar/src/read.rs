//! `-t` and `-x`: goes through the members of an archive.

use std::io::{self, BufRead, BufReader, Read, Write};

use cofferdam_command::{Complaints, Output, Pattern, Stop, open};
use flate2::bufread::MultiGzDecoder;
use jiff::Timestamp;
use tar::{Archive, Entry};

use crate::args::{Args, Task};
use crate::extract::{Extraction, parts};

/// The least width of owner, group and size together, as GNU tar has it.
const WIDTH: usize = 19;

/// The first bytes of gzip, and of compressions that are not read here.
const GZIP: [u8; 2] = [0x1f, 0x8b];
const OTHERS: [(&[u8], &str); 3] = [
    (b"BZh", "bzip2"),
    (&[0xfd, b'7', b'z', b'X', b'Z'], "xz"),
    (&[0x28, 0xb5, 0x2f, 0xfd], "zstd"),
];

/// Lists or unpacks. Returns false if something could not be.
pub(crate) fn read(out: &mut Output, args: &Args, complaints: &Complaints) -> Result<bool, Stop> {
    let directory = &args.directory;
    if args.task == Task::Extract && !directory.as_os_str().is_empty() && !directory.is_dir() {
        return Err(Stop::new(format!(
            "{}: Cannot open: there is no such directory",
            directory.display()
        )));
    }
    let mut input = BufReader::new(open(&args.archive)?);
    let first = input.fill_buf()?;
    if let Some((_, name)) = OTHERS.iter().find(|(magic, _)| first.starts_with(magic)) {
        return Err(Stop::new(format!(
            "{}: it is compressed with {name}; only gzip is read here",
            args.archive
        )));
    }
    if first.is_empty() {
        return Err(Stop::new(format!(
            "{}: This does not look like a tar archive",
            args.archive
        )));
    }
    let input: Box<dyn Read> = if first.starts_with(&GZIP) {
        Box::new(MultiGzDecoder::new(input))
    } else if args.gzip {
        return Err(Stop::new(format!("{}: not in gzip format", args.archive)));
    } else {
        Box::new(input)
    };
    let mut archive = Archive::new(input);
    let mut selection = Selection::new(args);
    let mut width = WIDTH;
    let mut extraction = Extraction {
        args,
        complaints,
        directories: Vec::new(),
        links: Vec::new(),
        failed: false,
    };
    let broken = |error: io::Error| Stop::new(format!("{}: {error}", args.archive));
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let extended = entry.header().entry_type().is_pax_global_extensions();
        if extended || !selection.has(&name) || args.excludes(&name) {
            continue;
        }
        if args.task == Task::List {
            if args.verbose {
                let line = line(&name, &entry, &mut width)?;
                out.write_all(line.as_bytes())?;
            } else {
                writeln!(out, "{name}")?;
            }
            continue;
        }
        if args.strip > 0 && parts(&name).count() <= args.strip {
            continue;
        }
        if args.verbose {
            let mut names: Box<dyn Write> = if args.to_stdout {
                Box::new(io::stderr())
            } else {
                Box::new(&mut *out)
            };
            writeln!(names, "{name}")?;
        }
        extraction.member(out, &name, &mut entry)?;
    }
    extraction.finish();
    let mut whole = !extraction.failed;
    for missing in selection.missing() {
        complaints.say(format!("{missing}: Not found in archive"));
        whole = false;
    }
    Ok(whole)
}

/// Members that are asked for: all of them, if none is.
struct Selection {
    wanted: Vec<Wanted>,
}

struct Wanted {
    name: String,
    pattern: Option<Pattern>,
    found: bool,
}

impl Selection {
    fn new(args: &Args) -> Self {
        let wanted = args.operands.iter().map(|operand| Wanted {
            name: operand.name.trim_end_matches('/').to_owned(),
            pattern: args.wildcards.then(|| Pattern::new(&operand.name, false)),
            found: false,
        });
        Self {
            wanted: wanted.collect(),
        }
    }

    /// Returns true for a member that is named, or is below a directory that is.
    fn has(&mut self, name: &str) -> bool {
        if self.wanted.is_empty() {
            return true;
        }
        let mut found = false;
        for wanted in &mut self.wanted {
            let below = name
                .strip_prefix(&wanted.name)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            let matches = wanted.pattern.as_ref().is_some_and(|pattern| {
                let ends = name.match_indices('/').map(|(at, _)| at);
                ends.chain([name.len()])
                    .any(|end| name.get(..end).is_some_and(|part| pattern.matches(part)))
            });
            if below || matches {
                wanted.found = true;
                found = true;
            }
        }
        found
    }

    fn missing(&self) -> impl Iterator<Item = &str> {
        let missing = self.wanted.iter().filter(|wanted| !wanted.found);
        missing.map(|wanted| wanted.name.as_str())
    }
}

/// A line of `-tv`.
fn line(name: &str, entry: &Entry<'_, impl Read>, width: &mut usize) -> Result<String, Stop> {
    let header = entry.header();
    let kind = header.entry_type();
    let letter = match () {
        () if kind.is_dir() => 'd',
        () if kind.is_symlink() => 'l',
        () if kind.is_hard_link() => 'h',
        () if kind.is_character_special() => 'c',
        () if kind.is_block_special() => 'b',
        () if kind.is_fifo() => 'p',
        () => '-',
    };
    let mode = header.mode().unwrap_or(0);
    let bits = "rwxrwxrwx".chars().zip((0..9).rev());
    let bits: String = bits
        .map(|(char, bit)| if mode & (1 << bit) == 0 { '-' } else { char })
        .collect();
    let owner = |name: Option<&[u8]>, id: io::Result<u64>| match name {
        Some(name) if !name.is_empty() => String::from_utf8_lossy(name).into_owned(),
        _ => id.unwrap_or(0).to_string(),
    };
    let user = owner(header.username_bytes(), header.uid());
    let group = owner(header.groupname_bytes(), header.gid());
    let size = entry.size().to_string();
    let taken = user.len() + group.len() + size.len() + 2;
    *width = (*width).max(taken);
    let pad = *width - taken + size.len();
    let seconds = i64::try_from(header.mtime().unwrap_or(0)).unwrap_or(i64::MAX);
    let time = Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX);
    let time = time.strftime("%Y-%m-%d %H:%M");
    let target = entry.link_name()?.unwrap_or_default();
    let target = match () {
        () if kind.is_symlink() => format!(" -> {}", target.display()),
        () if kind.is_hard_link() => format!(" link to {}", target.display()),
        () => String::new(),
    };
    Ok(format!(
        "{letter}{bits} {user}/{group} {size:>pad$} {time} {name}{target}\n"
    ))
}
