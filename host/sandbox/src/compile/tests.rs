//! Compilers of these tests' own, which do what a hostile component makes a compiler do.

use std::path::PathBuf;
use std::process::Command;

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use super::*;

/// No test waits so long unless it fails.
const NEVER: Duration = Duration::from_secs(600);

/// Short compilations are over at once, and the other times do not pass.
const HURRIED: Patience = Patience {
    short: Duration::from_millis(50),
    long: NEVER,
    place: NEVER,
};

struct Place {
    directory: tempfile::TempDir,
    cache: Cache,
    compilations: Compilations,
}

impl Place {
    #[allow(clippy::disallowed_methods, reason = "a test's own directory")]
    fn new(patience: Patience) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let cache = directory.path().join("cache");
        std::fs::create_dir(&cache).unwrap();
        std::fs::set_permissions(&cache, std::os::unix::fs::PermissionsExt::from_mode(0o700))
            .unwrap();
        let cache =
            Cache::open(Dir::open_ambient_dir(cache, ambient_authority()).unwrap()).unwrap();
        Self {
            directory,
            cache,
            compilations: Compilations::new(patience),
        }
    }

    /// A program of the shell. Another process writes it: this one, which starts processes on other
    /// threads, would keep it open for writing in one of them, and the system does not start such a
    /// file.
    #[allow(clippy::disallowed_methods, reason = "makes the compiler of a test")]
    fn script(&self, body: &str) -> PathBuf {
        let path = self.directory.path().join("compiler");
        let write = "printf '#!/bin/sh\\n%s\\n' \"$1\" > \"$2\" && chmod 700 \"$2\"";
        let written = Command::new("/bin/sh")
            .args(["-c", write, "sh", body])
            .arg(&path)
            .status()
            .unwrap();
        assert!(written.success());
        path
    }

    async fn make(&self, compiler: &Path, component: &str) -> Result<Native, String> {
        let job = Job {
            compiler,
            cache: &self.cache,
            name: component,
            bytes: component.as_bytes(),
        };
        self.compilations.make(&job).await
    }
}

/// Hangs on components that begin with `long`; the code of any other is its text.
const BY_NAME: &str =
    "read -r text; case \"$text\" in long*) exec /bin/sleep 1000;; esac; printf %s \"$text\"";

#[tokio::test]
async fn a_short_compilation_waits_for_no_long_one() {
    let place = Arc::new(Place::new(HURRIED));
    let compiler = place.script(BY_NAME);
    let long = |name: &'static str| {
        let place = Arc::clone(&place);
        let compiler = compiler.clone();
        tokio::spawn(async move { place.make(&compiler, name).await.map(drop) })
    };
    let held = [long("long one"), long("long two"), long("long three")];
    for short in ["one", "two", "three"] {
        let native = place.make(&compiler, short).await.unwrap();
        assert_eq!(std::fs::read_to_string(native.path()).unwrap(), short);
    }
    assert!(held.iter().all(|task| !task.is_finished()));
    held.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn a_compiler_that_says_too_much_is_ended() {
    let place = Place::new(PATIENCE);
    // It prints its argument for ever.
    let problem = place
        .make(Path::new("/usr/bin/yes"), "component")
        .await
        .map(drop)
        .unwrap_err();
    assert!(problem.contains("256 MiB"), "{problem}");
    let left = std::fs::read_dir(place.directory.path().join("cache"))
        .unwrap()
        .count();
    assert_eq!(left, 1, "the key alone");
}

#[tokio::test]
async fn a_component_that_cannot_be_compiled_is_not_tried_again() {
    let place = Place::new(PATIENCE);
    let count = place.directory.path().join("count");
    let compiler = place.script(&format!("echo once >> {}; kill -XCPU $$", count.display()));
    let (one, other) = tokio::join!(
        place.make(&compiler, "hostile"),
        place.make(&compiler, "hostile")
    );
    for problem in [
        one.map(drop),
        other.map(drop),
        place.make(&compiler, "hostile").await.map(drop),
    ] {
        assert!(problem.unwrap_err().contains("60 s of CPU time"));
    }
    assert_eq!(std::fs::read_to_string(count).unwrap(), "once\n");
}

#[tokio::test]
async fn a_failure_of_the_host_is_not_held_against_the_component() {
    let place = Place::new(PATIENCE);
    let missing = place.directory.path().join("compiler");
    assert!(
        place
            .make(&missing, "fine")
            .await
            .map(drop)
            .unwrap_err()
            .contains("cannot be started")
    );
    // What the system did not give to the compiler itself.
    let compiler = place.script(&format!("echo no threads >&2; exit {}", worker::OF_HOST));
    let problem = place.make(&compiler, "fine").await.map(drop).unwrap_err();
    assert_eq!(problem, "no threads");
    let compiler = place.script(BY_NAME);
    assert!(place.make(&compiler, "fine").await.is_ok());
}

#[tokio::test]
async fn a_compiler_that_somebody_else_ends_is_not_held_against_the_component() {
    let place = Place::new(PATIENCE);
    for signal in ["KILL", "TERM", "INT", "HUP"] {
        let compiler = place.script(&format!("kill -{signal} $$"));
        let problem = place.make(&compiler, "fine").await.map(drop).unwrap_err();
        assert!(
            problem.contains("was ended by signal") && !problem.contains("CPU time"),
            "{problem}"
        );
    }
    let compiler = place.script(BY_NAME);
    assert!(place.make(&compiler, "fine").await.is_ok());
}

#[tokio::test]
async fn a_compiler_is_out_of_reach_of_signals_to_the_group_of_its_host() {
    let place = Place::new(PATIENCE);
    // The group of a process is the fifth field of its status, behind a name in brackets.
    let compiler = place
        .script("read -r line < /proc/$$/stat; set -- ${line##*) }; printf %s $(( $3 == $$ ))");
    let native = place.make(&compiler, "fine").await.unwrap();
    assert_eq!(std::fs::read_to_string(native.path()).unwrap(), "1");
}

#[tokio::test]
async fn nobody_waits_for_a_place_for_ever() {
    let place = Arc::new(Place::new(Patience {
        place: Duration::from_millis(50),
        short: NEVER,
        ..PATIENCE
    }));
    let compiler = place.script(BY_NAME);
    let holder = {
        let place = Arc::clone(&place);
        let compiler = compiler.clone();
        tokio::spawn(async move { place.make(&compiler, "long").await.map(drop) })
    };
    let problem = loop {
        if let Err(problem) = place.make(&compiler, "short").await {
            break problem;
        }
        std::fs::remove_file(place.directory.path().join("cache/short.cwasm")).unwrap();
        tokio::task::yield_now().await;
    };
    assert!(problem.contains("try again later"), "{problem}");
    holder.abort();
}
