//! The process that compiles a component, looked at while it does.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Scratch, cofferdam, component};

/// How long the compiler may take to come up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Time between two looks at it.
const LOOK: Duration = Duration::from_millis(1);

/// A variable of the host that its compiler has no use for.
const SECRET: (&str, &str) = ("ANTHROPIC_API_KEY", "sk-ant-planted");

/// Limits of the compiler, as the system names them: the soft and the hard one.
const LIMITS: [(&str, [&str; 2]); 5] = [
    ("Max cpu time", ["60", "65"]),
    ("Max address space", ["2147483648", "2147483648"]),
    ("Max open files", ["64", "64"]),
    ("Max file size", ["0", "0"]),
    ("Max core file size", ["0", "0"]),
];

/// A command that has a component compiled, and the process that does it. Both are killed when it
/// is dropped.
struct Compiling {
    command: Child,
    compiler: PathBuf,
}

impl Compiling {
    /// Starts it on a component that takes seconds, and waits for its compiler.
    #[track_caller]
    fn start(scratch: &Scratch) -> Self {
        let component = component("shop");
        let args = ["tool".as_ref(), "inspect".as_ref(), component.as_os_str()];
        let mut command = cofferdam(scratch, args).env(SECRET.0, SECRET.1).start();
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(compiler) = children(command.id())
                .into_iter()
                .find(|child| is_compiler(child))
            {
                return Self { command, compiler };
            }
            thread::park_timeout(LOOK);
        }
        command.kill().ok();
        command.wait().ok();
        panic!("no compiler was started");
    }

    /// What the system says of the compiler in this file.
    fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.compiler.join(name)).expect("the compiler is at work")
    }

    /// The soft and the hard limit of this name.
    fn limit(&self, name: &str) -> [String; 2] {
        let limits = self.file("limits");
        let line = limits
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .expect("the system has it");
        let mut values = line.split_whitespace().map(str::to_owned);
        [values.next(), values.next()].map(|value| value.expect("a limit"))
    }
}

impl Drop for Compiling {
    fn drop(&mut self) {
        self.command.kill().ok();
        self.command.wait().ok();
        if is_compiler(&self.compiler) {
            Command::new("kill")
                .arg("-9")
                .arg(self.compiler.file_name().expect("its process id"))
                .status()
                .ok();
        }
    }
}

/// The child processes of a process.
fn children(pid: u32) -> Vec<PathBuf> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten()
        .flatten();
    let lists: String = threads
        .filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok())
        .collect();
    lists
        .split_whitespace()
        .map(|child| Path::new("/proc").join(child))
        .collect()
}

fn is_compiler(process: &Path) -> bool {
    let line = std::fs::read(process.join("cmdline")).unwrap_or_default();
    line.split(|byte| *byte == 0).nth(1) == Some(b"compile-worker")
}

#[test]
fn the_compiler_has_no_environment_and_few_resources() {
    let scratch = Scratch::with_own_cache();
    let compiling = Compiling::start(&scratch);
    assert_eq!(compiling.file("environ"), "");
    // It limits itself before it reads the first byte of the component.
    let deadline = Instant::now() + PATIENCE;
    for (name, most) in LIMITS {
        while compiling.limit(name) != most {
            assert!(
                Instant::now() < deadline,
                "{name}: {:?} instead of {most:?}",
                compiling.limit(name)
            );
            thread::park_timeout(LOOK);
        }
    }
    // No file of the host, and no connection, is open in it. What its command got from outside may
    // be.
    let open: Vec<_> = std::fs::read_dir(compiling.compiler.join("fd"))
        .expect("it is at work")
        .map(|descriptor| {
            std::fs::read_link(descriptor.expect("an entry").path()).unwrap_or_default()
        })
        .filter(|target| {
            target.starts_with(scratch.path()) || target.to_string_lossy().starts_with("socket:")
        })
        .collect();
    assert_eq!(open, [""; 0].map(PathBuf::from));
}
