//! Calls that wait for a place or for descriptors, while others hold them.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::{PATIENCE, agentfile, descriptors};
use crate::support::components::{built, directory};
use crate::support::{Host, Scratch, binary, content_of};

/// Files that one call opens: the most that an operator can give.
const CROWD: usize = 1_024;

/// A client whose turn calls a tool; killed when it is dropped.
struct Turn {
    child: Child,
    events: Box<dyn Iterator<Item = String>>,
}

impl Turn {
    /// Begins a turn in this session, and returns when its tool is called.
    #[track_caller]
    fn begin(scratch: &Scratch, agent: &str, prompt: &str, session: &str) -> Self {
        let mut child = Command::new(binary())
            .args([
                "chat",
                agent,
                prompt,
                "--new",
                "--session",
                session,
                "--format",
                "json",
            ])
            .env("COFFERDAM_DATA_DIR", scratch.data())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let lines = BufReader::new(child.stdout.take().expect("piped"))
            .lines()
            .map_while(Result::ok);
        let mut turn = Self {
            child,
            events: Box::new(lines),
        };
        turn.tells("tool.call");
        turn
    }

    /// Its next event of this type.
    #[track_caller]
    fn tells(&mut self, kind: &str) -> String {
        let kind = format!("\"{kind}\"");
        self.events
            .find(|event| event.contains(&kind))
            .unwrap_or_else(|| panic!("the turn ends without {kind}"))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// An agent of this name with `crowd`, which opens files and holds them, and tools that ship with
/// the host.
fn with_crowd(scratch: &Scratch, name: &str, tools: &[&str]) -> PathBuf {
    let crowd = built(
        scratch,
        "crowd",
        "fs_crowd",
        &directory("/workspace", "read-write"),
    );
    let file = agentfile(scratch, name, "builtin/commands", tools);
    let text = std::fs::read_to_string(&file).expect("it was written");
    std::fs::write(&file, format!("{text}BIN crowd {}\n", crowd.display())).expect("a file");
    file
}

/// The workspace of the agent whose tool has made `crowd.txt`, once it has.
#[track_caller]
fn workspace_of_crowd(scratch: &Scratch) -> PathBuf {
    let find = || {
        let trees = std::fs::read_dir(scratch.data().join("agents"))
            .expect("agents")
            .flatten();
        trees
            .map(|tree| tree.path().join("workspace"))
            .find(|workspace| workspace.join("crowd.txt").exists())
    };
    until(|| find().is_some());
    find().expect("it was there")
}

/// Lets every `crowd` of this workspace go.
fn let_go(workspace: &Path) {
    std::fs::write(workspace.join("go.txt"), "").expect("a file");
}

#[track_caller]
fn until(done: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "it takes too long");
        thread::park_timeout(Duration::from_millis(5));
    }
}

#[test]
fn tools_with_many_open_files_stop_no_other_agent() {
    let scratch = Scratch::new();
    let hog = with_crowd(&scratch, "hog", &[]);
    let other = agentfile(&scratch, "other", "builtin/commands", &["cat"]);
    let limits = "limits = { open-files = 1024, handles = 2048, wall = \"2m\" }";
    scratch.file(
        "data/cofferdam.toml",
        format!("[[grant]]\nagent = \"hog\"\ntool = \"crowd\"\n{limits}\n"),
    );
    let copy = format!("other:{}", scratch.file("n.txt", "here\n").display());
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "ulimit -n 4700 && exec \"$0\" serve \"$@\""])
        .arg(binary());
    shell
        .arg("--agentfile")
        .arg(hog)
        .arg("--agentfile")
        .arg(other)
        .args(["--copy-in", &copy]);
    let mut host = Host::run(&scratch, shell);
    // Together they would open nearly twice as many files as this process may have.
    let mut hogs: Vec<_> = (0..8)
        .map(|number| Turn::begin(&scratch, "hog", "run crowd", &number.to_string()))
        .collect();
    let workspace = workspace_of_crowd(&scratch);
    until(|| descriptors(host.pid()) > CROWD);
    // While the first of them holds its files and the others wait, the other agent has its own.
    for _ in 0..3 {
        assert_eq!(
            content_of(&host.chat("other", "run cat n.txt"), "tool.result"),
            "here\n"
        );
    }
    // One agent has the descriptors of one such call.
    let open = descriptors(host.pid());
    assert!(open < 2 * CROWD, "{open} descriptors are open");
    let_go(&workspace);
    for hog in &mut hogs {
        let result = hog.tells("tool.result");
        assert!(result.contains("1024 files are open"), "{result}");
    }
    for _ in 0..hogs.len() {
        let line = host.hears_next("tool=\"crowd\"");
        assert!(line.contains("outcome=\"ok\""), "{line}");
    }
}

#[test]
fn a_deadline_that_passes_in_the_queue_ends_the_call() {
    let scratch = Scratch::new();
    let a = with_crowd(&scratch, "a", &["echo"]);
    let b = agentfile(&scratch, "b", "builtin/commands", &["echo"]);
    let row = |agent: &str| {
        format!(
            "[[grant]]\nagent = \"{agent}\"\ntool = \"echo\"\nlimits = {{ wall = \"300ms\" }}\n"
        )
    };
    scratch.file(
        "data/cofferdam.toml",
        "[host]\ncalls = 1\n".to_owned() + &row("a") + &row("b"),
    );
    let mut host = Host::start(
        &scratch,
        [
            "--agentfile".as_ref(),
            a.as_os_str(),
            "--agentfile".as_ref(),
            b.as_os_str(),
        ],
    );
    let mut holder = Turn::begin(&scratch, "a", "run crowd 1", "holder");
    let workspace = workspace_of_crowd(&scratch);
    // In the line of its own agent, and in that of the host.
    for agent in ["a", "b"] {
        let said = content_of(&host.chat(agent, "run echo here"), "tool.result");
        assert!(said.contains("deadline"), "{said}");
        let line = host.hears_next("tool=\"echo\"");
        assert!(
            line.contains("outcome=\"deadline\"") && line.contains("fuel=0 "),
            "it did not run: {line}"
        );
    }
    let_go(&workspace);
    assert!(holder.tells("tool.result").contains("1 files are open"));
    // What waited in vain has left the line.
    for agent in ["a", "b"] {
        assert_eq!(
            content_of(&host.chat(agent, "run echo here"), "tool.result"),
            "here\n"
        );
    }
}
