//! Files and standard input, by the names that commands take.

use std::fs::File;
use std::io::{self, Read};

use crate::{Stop, path_error};

/// The name that means standard input.
pub const STDIN: &str = "-";

/// Opens a file to read, or standard input for `-`.
///
/// # Errors
///
/// A sentence that names the file.
pub fn open(path: &str) -> Result<Box<dyn Read>, Stop> {
    if path == STDIN {
        return Ok(Box::new(io::stdin().lock()));
    }
    let failed = |error: io::Error| Stop::new(path_error(path, &error));
    let file = File::open(path).map_err(failed)?;
    // Opening a directory works, and only reading it does not.
    if file.metadata().map_err(failed)?.is_dir() {
        return Err(Stop::new(format!("{path}: Is a directory")));
    }
    Ok(Box::new(file))
}

/// Reads a whole file, or standard input for `-`. The call's memory limit is what bounds it.
///
/// # Errors
///
/// A sentence that names the file.
pub fn read(path: &str) -> Result<Vec<u8>, Stop> {
    let mut bytes = Vec::new();
    let read = open(path)?.read_to_end(&mut bytes);
    read.map_err(|error| Stop::new(path_error(path, &error)))?;
    Ok(bytes)
}
