//! Descriptors of components that say them only when they run: kept from the first time, so that
//! what was reviewed is what is offered later.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::io::{ErrorKind, Read, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use cap_std::fs::{Dir, File, OpenOptions, OpenOptionsExt};
use cofferdam_capability::Digest;
use cofferdam_sandbox::MAX_DESCRIPTORS;

use crate::descriptor_error::DescriptorError;
use crate::descriptors::Descriptors;

/// Components that are pinned. Each is a few kilobytes, and nobody reviews so many.
const MAX_PINS: usize = 10_000;

/// Components that are remembered as refused. Each holds as much as its pin.
const MAX_REFUSED: usize = 64;

/// The end of the names of files that are being written. Their beginning is random.
const TEMPORARY: &str = ".new";

/// Age at which a file that is being written belongs to a process that died: writing one takes
/// milliseconds.
const DEAD: Duration = Duration::from_secs(600);

/// The directory of the pins. It is not a cache: without a pin the next listing counts as the
/// first.
#[derive(Debug)]
pub(crate) struct Pins {
    dir: Dir,
    /// Components that were refused: their pins as they were then, and why.
    refused: Mutex<HashMap<Digest, (Vec<u8>, DescriptorError)>>,
}

impl Pins {
    pub(crate) fn new(dir: Dir) -> Self {
        Self {
            dir,
            refused: Mutex::default(),
        }
    }

    /// Refuses a component before it is asked again: its pin cannot be used, or it did not fit the
    /// same pin before.
    pub(crate) fn before(&self, component: Digest) -> Result<(), DescriptorError> {
        let name = pin_file(component);
        let pin = match self.read(&name) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            pin => pin.map_err(|error| unusable(&name, &error))?,
        };
        parse(&name, &pin)?;
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        match refused.get(&component) {
            Some((then, problem)) if *then == pin => Err(problem.clone()),
            _ => Ok(()),
        }
    }

    /// Compares what a component lists with what it listed the first time; this is the first time
    /// where there is no pin. The error is for the operator.
    pub(crate) fn check(
        &self,
        component: Digest,
        listed: &Descriptors,
    ) -> Result<(), DescriptorError> {
        let name = pin_file(component);
        let first = self.read(&name).or_else(|problem| match problem.kind() {
            ErrorKind::NotFound => self.write(&name, listed).and_then(|()| self.read(&name)),
            _ => Err(problem),
        });
        let pin = first.map_err(|error| unusable(&name, &error))?;
        let Some(change) = parse(&name, &pin)?.change(listed) else {
            return Ok(());
        };
        let problem = DescriptorError::from(format!(
            "it lists other tools than the first time: {change}; use a build that carries \
             `cofferdam:descriptors`, or remove descriptors/{name} in the data directory and \
             review it again"
        ));
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.len() >= MAX_REFUSED {
            refused.clear();
        }
        refused.insert(component, (pin, problem.clone()));
        Err(problem)
    }

    fn read(&self, name: &str) -> std::io::Result<Vec<u8>> {
        // Opening a pipe would wait for a writer for ever.
        if !self.dir.symlink_metadata(name)?.is_file() {
            return Err(std::io::Error::other("it is not a regular file: remove it"));
        }
        let mut bytes = Vec::new();
        let most = MAX_DESCRIPTORS as u64 + 1;
        self.dir.open(name)?.take(most).read_to_end(&mut bytes)?;
        if bytes.len() > MAX_DESCRIPTORS {
            Err(std::io::Error::other(format!(
                "it has more than {MAX_DESCRIPTORS} bytes"
            )))
        } else {
            Ok(bytes)
        }
    }

    /// Writes a pin, whole or not at all. One that another process has written in the meantime
    /// stays.
    fn write(&self, name: &str, listed: &Descriptors) -> std::io::Result<()> {
        if self.clear_up()? >= MAX_PINS {
            let problem = format!(
                "there are {MAX_PINS} already: remove those of components that are not used any \
                 more"
            );
            return Err(std::io::Error::other(problem));
        }
        let json = listed.to_canonical_json().map_err(std::io::Error::other)?;
        let mut temporary = Temporary::new(&self.dir)?;
        temporary.file.write_all(&json)?;
        temporary.file.sync_all()?;
        match self.dir.hard_link(&temporary.name, &self.dir, name) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    }

    /// Removes what processes that died left behind, and returns the number of pins.
    fn clear_up(&self) -> std::io::Result<usize> {
        let mut pins = 0;
        for entry in self.dir.entries()? {
            let entry = entry?;
            if !entry
                .file_name()
                .to_str()
                .is_some_and(|name| name.ends_with(TEMPORARY))
            {
                pins += 1;
                continue;
            }
            // Best effort: one that stays is no pin, and the next pin tries again.
            let written = entry.metadata().and_then(|metadata| metadata.modified());
            if written.is_ok_and(|written| written.into_std().elapsed().is_ok_and(|age| age > DEAD))
            {
                let _ = entry.remove_file();
            }
        }
        Ok(pins)
    }
}

fn pin_file(component: Digest) -> String {
    format!("{}.json", component.hex())
}

fn parse(name: &str, pin: &[u8]) -> Result<Descriptors, DescriptorError> {
    Descriptors::from_json(pin).map_err(|problem| {
        DescriptorError::from(format!(
            "descriptors/{name} in the data directory is no pin of descriptors: {problem}; remove \
             it"
        ))
    })
}

fn unusable(name: &str, error: &std::io::Error) -> String {
    format!("its descriptors cannot be pinned in descriptors/{name}: {error}")
}

/// A file that is being written, under a name of its own; removed when it is dropped.
struct Temporary<'a> {
    dir: &'a Dir,
    name: String,
    file: File,
}

impl<'a> Temporary<'a> {
    fn new(dir: &'a Dir) -> std::io::Result<Self> {
        // Each state is keyed anew by the standard library, from the system's random numbers.
        let name = format!(
            "{:016x}{TEMPORARY}",
            RandomState::new().hash_one(std::process::id())
        );
        let mut options = OpenOptions::new();
        let file = dir.open_with(&name, options.write(true).create_new(true).mode(0o600))?;
        Ok(Self { dir, name, file })
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        // One that stays is removed when it is old.
        let _ = self.dir.remove_file(&self.name);
    }
}

#[cfg(test)]
mod tests {
    use cofferdam_call::ListedTool;
    use std::sync::Barrier;

    use super::*;

    /// A directory of this test alone.
    struct PinDirectory(std::path::PathBuf);

    impl PinDirectory {
        fn new() -> Self {
            let name = format!(
                "cofferdam-pins-{:016x}",
                RandomState::new().hash_one(std::process::id())
            );
            let path = std::env::temp_dir().join(name);
            std::fs::create_dir(&path).unwrap();
            Self(path)
        }

        #[allow(clippy::disallowed_methods, reason = "a test's own directory")]
        fn pins(&self) -> Pins {
            Pins::new(Dir::open_ambient_dir(&self.0, cap_std::ambient_authority()).unwrap())
        }
    }

    impl Drop for PinDirectory {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn descriptors() -> Descriptors {
        listed("Does it.")
    }

    fn listed(description: &str) -> Descriptors {
        let [name, description] = ["one", description].map(str::to_owned);
        let input_schema = r#"{"type":"object"}"#.to_owned();
        let output_schema = String::new();
        Descriptors::listed(vec![ListedTool {
            name,
            description,
            input_schema,
            output_schema,
        }])
        .unwrap()
    }

    #[test]
    fn copies_of_one_component_are_pinned_at_once() {
        for _ in 0..20 {
            let place = PinDirectory::new();
            let pins = place.pins();
            let barrier = Barrier::new(8);
            std::thread::scope(|scope| {
                let check = || {
                    barrier.wait();
                    pins.check(Digest::of(b"component"), &descriptors())
                };
                let checks: Vec<_> = (0..8).map(|_| scope.spawn(check)).collect();
                checks
                    .into_iter()
                    .for_each(|check| assert_eq!(check.join().unwrap(), Ok(())));
            });
            let left: Vec<_> = std::fs::read_dir(&place.0).unwrap().collect();
            assert_eq!(left.len(), 1, "{left:?}");
        }
    }

    #[test]
    fn a_component_that_was_refused_is_not_asked_again_beside_the_same_pin() {
        let place = PinDirectory::new();
        let component = Digest::of(b"component");
        let pins = place.pins();
        let other = listed("Does more.");
        assert_eq!(pins.before(component), Ok(()));
        pins.check(component, &descriptors()).unwrap();
        assert_eq!(pins.before(component), Ok(()));
        let refused = pins.check(component, &other).unwrap_err();
        assert_eq!(pins.before(component), Err(refused));
        let pin = place.0.join(pin_file(component));
        std::fs::remove_file(&pin).unwrap();
        assert_eq!(pins.before(component), Ok(()));
        pins.check(component, &other).unwrap();
        assert_eq!(pins.before(component), Ok(()));
        std::fs::write(&pin, "").unwrap();
        assert!(
            pins.before(component)
                .unwrap_err()
                .to_string()
                .contains("is no pin")
        );
    }

    #[test]
    fn what_a_killed_process_left_is_removed_when_it_is_old() {
        let place = PinDirectory::new();
        let old = place.0.join("1.json.7.new");
        let new = place.0.join("2.new");
        std::fs::write(&new, "").unwrap();
        let file = std::fs::File::create(&old).unwrap();
        file.set_modified(std::time::SystemTime::now() - DEAD - Duration::from_secs(1))
            .unwrap();
        place
            .pins()
            .check(Digest::of(b"component"), &descriptors())
            .unwrap();
        assert!(!old.exists() && new.exists());
    }
}
