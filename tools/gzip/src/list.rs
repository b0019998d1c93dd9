//! `-l`: what is in compressed files. They are decompressed for it, so the sizes are true.

use std::fs::File;
use std::io::{self, BufReader, Write};

use cofferdam_command::{Output, STDIN, Stop, path_error};

use crate::member::{self, Foreign};

/// The header and the trailer of a member without a name, in bytes: what a ratio leaves out.
const FRAME: f64 = 18.0;

/// The table so far.
pub(crate) struct Listing {
    files: usize,
    rows: usize,
    compressed: u64,
    uncompressed: u64,
}

impl Listing {
    pub(crate) fn new(files: usize) -> Self {
        Self {
            files,
            rows: 0,
            compressed: 0,
            uncompressed: 0,
        }
    }

    /// The row of one file.
    pub(crate) fn row(&mut self, out: &mut Output, name: &str) -> Result<(), Stop> {
        if name == STDIN {
            return Err(Stop::new("-l needs a file, because it tells its size"));
        }
        let failed = |error: io::Error| Stop::new(path_error(name, &error));
        let file = File::open(name).map_err(failed)?;
        let compressed = file.metadata().map_err(failed)?.len();
        let sizes =
            member::decompress(&mut BufReader::new(file), &mut io::sink(), Foreign::Refused);
        let uncompressed = sizes.map_err(failed)?.plain;
        if self.rows == 0 {
            writeln!(
                out,
                "{:>19} {:>19}  ratio uncompressed_name",
                "compressed", "uncompressed"
            )?;
        }
        self.rows += 1;
        self.compressed += compressed;
        self.uncompressed += uncompressed;
        line(
            out,
            compressed,
            uncompressed,
            name.strip_suffix(".gz").unwrap_or(name),
        )
    }

    /// The sum, when there were several files.
    pub(crate) fn total(&self, out: &mut Output) -> Result<(), Stop> {
        if self.rows == 0 || self.files < 2 {
            return Ok(());
        }
        line(out, self.compressed, self.uncompressed, "(totals)")
    }
}

#[allow(clippy::cast_precision_loss, reason = "a ratio with one decimal")]
fn line(out: &mut Output, compressed: u64, uncompressed: u64, name: &str) -> Result<(), Stop> {
    let (before, after) = (uncompressed as f64, compressed as f64 - FRAME);
    let ratio = if uncompressed == 0 {
        0.0
    } else {
        100.0 * (before - after) / before
    };
    writeln!(
        out,
        "{compressed:>19} {uncompressed:>19} {ratio:>5.1}% {name}"
    )?;
    Ok(())
}
