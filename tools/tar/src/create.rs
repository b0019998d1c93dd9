//! `-c`: packs files, directories and links.

use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use cofferdam_command::{Complaints, Output, STDIN, Stop, path_error};
use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, EntryType, Header};

use crate::args::Args;

/// GNU tar fills archives up to this many bytes.
const RECORD: usize = 20 * 512;

/// Maximum depth of directories: each level is a call.
const MAX_DEPTH: usize = 200;

/// An archive that is being written.
struct Packing<'a> {
    args: &'a Args,
    complaints: &'a Complaints,
    builder: Builder<Counted<'a>>,
    /// The archive itself, which is not packed into itself.
    archive: Option<PathBuf>,
    /// Names of what was packed, for `-v`.
    names: Vec<u8>,
    failed: bool,
}

/// Counts what is written.
struct Counted<'a> {
    inner: Sink<'a>,
    count: usize,
}

/// Destination of an archive.
enum Sink<'a> {
    Plain(Box<dyn Write + 'a>),
    Gzip(GzEncoder<Box<dyn Write + 'a>>),
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match &mut self.inner {
            Sink::Plain(plain) => plain.write(bytes)?,
            Sink::Gzip(gzip) => gzip.write(bytes)?,
        };
        self.count += written;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.inner {
            Sink::Plain(plain) => plain.flush(),
            Sink::Gzip(gzip) => gzip.flush(),
        }
    }
}

impl Counted<'_> {
    /// Fills the last record, and writes what a compression has kept.
    fn finish(mut self) -> io::Result<()> {
        let missing = self.count.next_multiple_of(RECORD) - self.count;
        self.write_all(&vec![0; missing])?;
        match self.inner {
            Sink::Plain(mut plain) => plain.flush(),
            Sink::Gzip(gzip) => gzip.finish()?.flush(),
        }
    }
}

/// Makes an archive. Returns false if something could not be packed.
pub(crate) fn create(out: &mut Output, args: &Args, complaints: &Complaints) -> Result<bool, Stop> {
    let to_stdout = args.archive == STDIN;
    let mut archive = None;
    let (names, failed) = {
        let target: Box<dyn Write + '_> = if to_stdout {
            Box::new(&mut *out)
        } else {
            let failed = |error: io::Error| Stop::new(path_error(&args.archive, &error));
            let file = File::create(&args.archive).map_err(failed)?;
            archive = fs::canonicalize(&args.archive).ok();
            Box::new(io::BufWriter::new(file))
        };
        let inner = if args.gzip {
            Sink::Gzip(GzEncoder::new(target, Compression::default()))
        } else {
            Sink::Plain(target)
        };
        let mut packing = Packing {
            args,
            complaints,
            builder: Builder::new(Counted { inner, count: 0 }),
            archive,
            names: Vec::new(),
            failed: false,
        };
        for operand in &args.operands {
            let path = operand.directory.join(&operand.name);
            packing.add(&path, &operand.name, 0)?;
        }
        packing.builder.into_inner()?.finish()?;
        (packing.names, packing.failed)
    };
    if to_stdout {
        io::stderr().write_all(&names)?;
    } else {
        out.write_all(&names)?;
    }
    Ok(!failed)
}

impl Packing<'_> {
    fn complain(&mut self, sentence: &str) {
        self.complaints.say(sentence);
        self.failed = true;
    }

    /// Packs a file, or a directory with all that is in it.
    fn add(&mut self, path: &Path, name: &str, depth: usize) -> Result<(), Stop> {
        if self.args.excludes(name) {
            return Ok(());
        }
        let metadata = if self.args.follow {
            fs::metadata(path)
        } else {
            fs::symlink_metadata(path)
        };
        let metadata = match metadata {
            Ok(metadata) => metadata,
            Err(error) => {
                self.complain(&format!(
                    "{}: Cannot stat: {}",
                    name,
                    cofferdam_command::words(&error)
                ));
                return Ok(());
            }
        };
        if metadata.is_dir() {
            return self.directory(path, name, &metadata, depth);
        }
        if self.archive.is_some() && fs::canonicalize(path).ok() == self.archive {
            // As GNU's: it is told, and is no failure.
            self.complaints
                .say(format!("{name}: archive cannot contain itself; not dumped"));
            return Ok(());
        }
        let mut header = header(&metadata, 0o644);
        let member = member_name(name);
        let added = if metadata.file_type().is_symlink() {
            let target = fs::read_link(path);
            header.set_entry_type(EntryType::Symlink);
            header.set_mode(0o777);
            target.and_then(|target| {
                let target_bytes = target.as_os_str().as_encoded_bytes();
                if set_dotted_name(&mut header, &member)
                    && header.set_link_name_literal(target_bytes).is_ok()
                {
                    header.set_cksum();
                    return self.builder.append(&header, io::empty());
                }
                self.builder.append_link(&mut header, &member, target)
            })
        } else {
            header.set_size(metadata.len());
            // A file that grows while it is read would break the archive.
            File::open(path).and_then(|file| {
                let data = io::Read::take(file, metadata.len());
                self.append(&mut header, &member, data)
            })
        };
        match added {
            Ok(()) => self.verbose(&member),
            Err(error) => self.complain(&path_error(name, &error)),
        }
        Ok(())
    }

    /// Writes a member with its name as it was written.
    fn append(&mut self, header: &mut Header, member: &str, data: impl io::Read) -> io::Result<()> {
        if set_dotted_name(header, member) {
            header.set_cksum();
            return self.builder.append(header, data);
        }
        self.builder.append_data(header, member, data)
    }

    fn directory(
        &mut self,
        path: &Path,
        name: &str,
        metadata: &Metadata,
        depth: usize,
    ) -> Result<(), Stop> {
        let member = format!("{}/", member_name(name).trim_end_matches('/'));
        if depth > MAX_DEPTH {
            self.complain(&format!(
                "{name}: directories stand more than {MAX_DEPTH} deep here"
            ));
            return Ok(());
        }
        let mut header = header(metadata, 0o755);
        header.set_entry_type(EntryType::Directory);
        self.append(&mut header, &member, io::empty())?;
        self.verbose(&member);
        let entries = fs::read_dir(path).and_then(|entries| {
            let names = entries.map(|entry| entry.map(|entry| entry.file_name()));
            names.collect::<io::Result<Vec<_>>>()
        });
        let mut names = match entries {
            Ok(names) => names,
            Err(error) => {
                self.complain(&path_error(name, &error));
                return Ok(());
            }
        };
        names.sort();
        for entry in names {
            let below = format!("{}/{}", name.trim_end_matches('/'), entry.to_string_lossy());
            self.add(&path.join(&entry), &below, depth + 1)?;
        }
        Ok(())
    }

    fn verbose(&mut self, member: &str) {
        if self.args.verbose {
            self.names.extend_from_slice(member.as_bytes());
            self.names.push(b'\n');
        }
    }
}

/// A header without an owner, as files have none here.
fn header(metadata: &Metadata, mode: u32) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(0);
    let modified = metadata.modified().ok();
    let since = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    header.set_mtime(since.map_or(0, |since| since.as_secs()));
    header
}

/// Sets a name that begins with `./`, which the library would leave out. Returns false for another
/// name, and for one that has no room in the header: these are left to the library.
fn set_dotted_name(header: &mut Header, member: &str) -> bool {
    let room = &mut header.as_old_mut().name;
    let fits = member.starts_with("./") && member.len() <= room.len();
    if fits {
        room.fill(0);
        for (place, byte) in room.iter_mut().zip(member.bytes()) {
            *place = byte;
        }
    }
    fits
}

/// A name that stays below a directory: without `/` and `../` in front.
fn member_name(name: &str) -> String {
    // What follows the last `..` is what is left.
    let mut starts = name.rmatch_indices("../").map(|(at, _)| at);
    let last =
        starts.find(|at| *at == 0 || name.get(..*at).is_some_and(|before| before.ends_with('/')));
    let rest = last.and_then(|at| name.get(at + 3..)).unwrap_or(name);
    let rest = rest.trim_start_matches('/');
    match rest {
        "" | ".." => "./".to_owned(),
        rest => rest.to_owned(),
    }
}
