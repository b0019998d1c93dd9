//! Descriptors of components that say them only when they run: kept from the first time, so that what was reviewed is
//! what is offered later.

use std::io::{ErrorKind, Read, Write};

use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};
use cofferdam_capability::Digest;
use cofferdam_sandbox::MAX_DESCRIPTORS;

use crate::descriptors::Descriptors;

/// Components that are pinned. Each is a few kilobytes, and nobody reviews so many.
const MAX_PINS: usize = 10_000;

/// The directory of the pins. It is not a cache: without a pin the next listing counts as the first.
#[derive(Debug)]
pub(crate) struct Pins {
    dir: Dir,
}

impl Pins {
    pub(crate) fn new(dir: Dir) -> Self {
        Self { dir }
    }

    /// Compares what a component lists with what it listed the first time; this is the first time where there is no pin.
    /// The error is for the operator.
    pub(crate) fn check(&self, component: Digest, listed: &Descriptors) -> Result<(), String> {
        let name = format!("{}.json", component.hex());
        let first = self.read(&name).or_else(|problem| match problem.kind() {
            ErrorKind::NotFound => self.write(&name, listed).and_then(|()| self.read(&name)),
            _ => Err(problem),
        });
        let first =
            first.map_err(|error| format!("its descriptors cannot be pinned in descriptors/{name}: {error}"))?;
        let first = Descriptors::from_json(&first).map_err(|problem| {
            format!("descriptors/{name} in the data directory is no pin of descriptors: {problem}; remove it")
        })?;
        match first.change(listed) {
            None => Ok(()),
            Some(change) => Err(format!(
                "it lists other tools than the first time: {change}; use a build that carries `cofferdam:descriptors`, or \
                 remove descriptors/{name} in the data directory and review it again"
            )),
        }
    }

    fn read(&self, name: &str) -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let most = MAX_DESCRIPTORS as u64 + 1;
        self.dir.open(name)?.take(most).read_to_end(&mut bytes)?;
        match bytes.len() > MAX_DESCRIPTORS {
            true => Err(std::io::Error::other(format!("it has more than {MAX_DESCRIPTORS} bytes"))),
            false => Ok(bytes),
        }
    }

    /// Writes a pin, whole or not at all. One that another process has written in the meantime stays.
    fn write(&self, name: &str, listed: &Descriptors) -> std::io::Result<()> {
        if self.dir.entries()?.count() >= MAX_PINS {
            let problem =
                format!("there are {MAX_PINS} already: remove those of components that are not used any more");
            return Err(std::io::Error::other(problem));
        }
        let json = listed.to_canonical_json().map_err(std::io::Error::other)?;
        // The process id keeps two processes on one directory apart, and a name that is left over is written again.
        let temporary = format!("{name}.{}.new", std::process::id());
        let mut options = OpenOptions::new();
        let mut file = self.dir.open_with(&temporary, options.write(true).create(true).truncate(true).mode(0o600))?;
        let linked = file
            .write_all(&json)
            .and_then(|()| file.sync_all())
            .and_then(|()| self.dir.hard_link(&temporary, &self.dir, name))
            .or_else(|error| if error.kind() == ErrorKind::AlreadyExists { Ok(()) } else { Err(error) });
        // Best effort: one that stays is no pin.
        let _ = self.dir.remove_file(&temporary);
        linked
    }
}
