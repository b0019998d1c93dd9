//! What a client has seen is stored, however the turn or its host ends, and is told as what it is.

use std::io::{BufRead, BufReader, Lines, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use serde_json::{Value, json};

use crate::support::{Host, Scratch, binary, cofferdam, guest, tool};

/// A vendor that speaks OpenAI's protocol, and says a word whenever it is told to.
pub(super) struct Dripping {
    pub(super) base: String,
    /// A word to say; the connection is cut when this is dropped.
    words: Option<Sender<String>>,
}

impl Dripping {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let base = format!("http://{}/v1/", listener.local_addr().expect("an address"));
        let (words, said) = channel();
        thread::spawn(move || {
            let (stream, _) = listener.accept().expect("the host asks");
            drip(stream, &said);
            // A retry finds nobody.
            drop(listener);
        });
        Self {
            base,
            words: Some(words),
        }
    }

    pub(super) fn say(&self, word: &str) {
        let words = self.words.as_ref().expect("not cut");
        words.send(word.to_owned()).expect("the vendor listens");
    }

    fn cut(&mut self) {
        self.words = None;
    }
}

/// Reads a request, and says words as they come.
fn drip(mut stream: TcpStream, said: &Receiver<String>) {
    let mut head = BufReader::new(stream.try_clone().expect("a socket")).lines();
    while head
        .next()
        .is_some_and(|line| !line.expect("a line").is_empty())
    {}
    let start = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
                 transfer-encoding: chunked\r\n\r\n";
    stream.write_all(start.as_bytes()).expect("it is read");
    while let Ok(word) = said.recv() {
        let event = json!({ "choices": [{ "index": 0, "delta": { "content": word } }] });
        let data = format!("data: {event}\n\n");
        let chunk = format!("{:x}\r\n{data}\r\n", data.len());
        if stream.write_all(chunk.as_bytes()).is_err() {
            return;
        }
    }
}

/// A client in the middle of a turn.
pub(super) struct Client {
    child: Child,
    events: Lines<BufReader<ChildStdout>>,
}

impl Client {
    pub(super) fn start(scratch: &Scratch, session: &str, prompt: &str) -> Self {
        Self::start_with(scratch, session, prompt, &[])
    }

    pub(super) fn start_with(
        scratch: &Scratch,
        session: &str,
        prompt: &str,
        flags: &[&str],
    ) -> Self {
        let line = [
            "chat",
            "a",
            prompt,
            "--new",
            "--session",
            session,
            "--format",
            "json",
        ];
        let mut child = Command::new(binary())
            .args(line)
            .args(flags)
            .env("COFFERDAM_DATA_DIR", scratch.data())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let events = BufReader::new(child.stdout.take().expect("piped")).lines();
        Self { child, events }
    }

    /// Waits for the next event of this type, and returns its content.
    pub(super) fn hears(&mut self, kind: &str) -> String {
        loop {
            let line = self.events.next().expect("an event").expect("text");
            let event: Value = serde_json::from_str(&line).expect("JSON");
            if event["type"] == kind {
                return event["content"].as_str().expect("text").to_owned();
            }
        }
    }

    /// Goes away in the middle of it.
    pub(super) fn leave(mut self) {
        self.child.kill().expect("a child");
        self.child.wait().expect("a child");
    }

    /// Everything that it still hears.
    pub(super) fn end(mut self) -> Vec<String> {
        let rest = self.events.by_ref().map_while(Result::ok).collect();
        self.child.wait().expect("a child");
        rest
    }
}

pub(super) fn providers(scratch: &Scratch, base: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::create_dir_all(scratch.data()).expect("a directory");
    let path = scratch.data().join("providers.yaml");
    let text = format!("providers:\n  - name: openai\n    api-key: k\n    api-base: {base}\n");
    std::fs::write(&path, text).expect("a file");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).expect("a mode");
}

fn agentfile(scratch: &Scratch, model: &str, lines: &str) -> PathBuf {
    scratch.file(
        "Agentfile",
        format!("FROM scratch\nNAME a\nMODEL {model}\n{lines}\n"),
    )
}

fn shown(scratch: &Scratch, session: &str) -> Value {
    let line = ["sessions", "show", session, "--format", "json"];
    cofferdam(scratch, line).run().exits(0).json()
}

#[test]
fn streamed_text_outlives_a_kill_and_is_told_as_interrupted() {
    let scratch = Scratch::new();
    let vendor = Dripping::start();
    providers(&scratch, &vendor.base);
    let file = agentfile(&scratch, "openai/m", "");
    let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let mut client = Client::start(&scratch, "s", "say it");
    let mut seen = String::new();
    for word in ["one ", "two ", "three "] {
        vendor.say(word);
        seen += &client.hears("text.delta");
    }
    assert_eq!(seen, "one two three ");
    // While it runs it is there, and told as what it is.
    let messages = shown(&scratch, "s");
    assert_eq!(messages[1]["state"], "running");
    assert_eq!(messages[1]["content"][0]["text"], seen);
    host.kill();
    client.end();

    let _host = Host::start::<&str>(&scratch, []);
    let messages = shown(&scratch, "s");
    assert_eq!(messages[0]["content"][0]["text"], "say it");
    assert_eq!(messages[0]["state"], "complete");
    assert_eq!(messages[1]["content"][0]["text"], seen, "{messages}");
    assert_eq!(messages[1]["state"], "interrupted");
    assert_eq!(messages[1]["stop_reason"], "host-ended");
    let line = ["sessions", "show", "s"];
    let text = cofferdam(&scratch, line).run().exits(0).stdout;
    assert!(
        text.contains("interrupted: the host ended before the turn did"),
        "{text}"
    );
}

#[test]
fn a_vendor_that_goes_away_leaves_its_words() {
    let scratch = Scratch::new();
    let mut vendor = Dripping::start();
    providers(&scratch, &vendor.base);
    let file = agentfile(&scratch, "openai/m", "");
    let _host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let mut client = Client::start(&scratch, "s", "say it");
    vendor.say("half an ");
    assert_eq!(client.hears("text.delta"), "half an ");
    vendor.cut();
    client.end();
    let messages = shown(&scratch, "s");
    assert_eq!(messages[1]["content"][0]["text"], "half an ");
    assert_eq!(messages[1]["state"], "interrupted");
    assert_eq!(messages[1]["stop_reason"], "model-failed");
    assert!(
        messages[1]["stop_detail"]
            .as_str()
            .unwrap()
            .contains("the model failed"),
        "{messages}"
    );
}

#[test]
fn a_call_that_a_kill_interrupts_is_told_as_interrupted() {
    let scratch = Scratch::new();
    let bins = format!("BIN clock_sleep {}", guest("clock_sleep").display());
    let file = agentfile(&scratch, "builtin/commands", &bins);
    let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let mut client = Client::start(&scratch, "s", "run clock_sleep");
    client.hears("tool.call");
    host.kill();
    client.end();
    let _host = Host::start::<&str>(&scratch, []);
    let messages = shown(&scratch, "s");
    let part = &messages[1]["content"][0];
    assert_eq!(part["kind"], "tool");
    assert_eq!(part["state"], "interrupted", "{messages}");
    assert_eq!(messages[1]["state"], "interrupted");
    let line = ["sessions", "show", "s"];
    let text = cofferdam(&scratch, line).run().exits(0).stdout;
    assert!(text.contains("the call was interrupted"), "{text}");
}

#[test]
fn deleted_text_is_gone_from_the_files() {
    let scratch = Scratch::new();
    let file = agentfile(
        &scratch,
        "builtin/commands",
        &format!("BIN echo {}", tool("echo").display()),
    );
    let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let secret = "xyzzy-4711";
    let prompt = format!("run echo {}", format!("{secret} ").repeat(2_000));
    host.chat_in("a", "s", &prompt);
    let holds = || {
        let names = ["cofferdam.db", "cofferdam.db-wal"];
        let files = names.map(|name| std::fs::read(scratch.data().join(name)));
        files.into_iter().filter_map(Result::ok).any(|bytes| {
            let mut windows = bytes.windows(secret.len());
            windows.any(|window| window == secret.as_bytes())
        })
    };
    assert!(holds());
    let size = || {
        std::fs::metadata(scratch.data().join("cofferdam.db"))
            .unwrap()
            .len()
    };
    cofferdam(&scratch, ["sessions", "rm", "s"]).run().exits(0);
    assert!(!holds(), "the text is still there");
    assert!(size() < 200_000, "{} bytes", size());
}

#[test]
fn a_session_is_named_paged_exported_and_imported() {
    let scratch = Scratch::new();
    let file = agentfile(
        &scratch,
        "builtin/commands",
        &format!("BIN echo {}", tool("echo").display()),
    );
    let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    for word in ["one", "two", "three"] {
        host.chat_in("a", "s", &format!("run echo {word}"));
    }
    cofferdam(&scratch, ["sessions", "rename", "s", "My words"])
        .run()
        .exits(0);
    cofferdam(&scratch, ["sessions", "rename", "none", "x"])
        .run()
        .exits(2)
        .complains(&["no session `none`"]);
    let listed = cofferdam(&scratch, ["sessions", "ls", "--format", "json"]);
    assert_eq!(listed.run().exits(0).json()[0]["title"], "My words");

    // Pages go back from the newest messages.
    let page = |before: &str| {
        let line = [
            "sessions", "show", "s", "--limit", "2", "--before", before, "--format", "json",
        ];
        cofferdam(&scratch, line).run().exits(0).json()
    };
    let newest = page("0");
    assert_eq!(newest[0]["content"][0]["text"], "run echo three");
    let older = page(&newest[0]["id"].to_string());
    assert_eq!(older[0]["content"][0]["text"], "run echo two");
    assert_eq!(older.as_array().unwrap().len(), 2);

    let exported = cofferdam(&scratch, ["sessions", "export", "s"])
        .run()
        .exits(0)
        .stdout;
    assert_eq!(exported.lines().count(), 7, "{exported}");
    let path = scratch.file("s.jsonl", &exported);
    let import = |path: &std::path::Path, more: &[&str]| {
        let line = [
            "sessions".into(),
            "import".into(),
            path.as_os_str().to_owned(),
        ];
        let more = more.iter().map(std::ffi::OsString::from);
        cofferdam(&scratch, line.into_iter().chain(more)).run()
    };
    import(&path, &[])
        .exits(1)
        .complains(&["session `s`", "exists already", "another id"]);
    import(&path, &["--session", "copy"]).exits(0);
    let again = cofferdam(&scratch, ["sessions", "export", "copy"])
        .run()
        .exits(0)
        .stdout;
    assert_eq!(
        again,
        exported.replacen("\"session\":\"s\"", "\"session\":\"copy\"", 1)
    );
    // It goes on where it was.
    host.chat_in("a", "copy", "run echo four");
    for (text, sentence) in [
        ("", "the file is empty"),
        ("{}\n", "s.jsonl:1: the first line does not name a session"),
        (
            "{\"format\":\"x\",\"session\":\"s\"}\n",
            "s.jsonl:1: the format is `x`",
        ),
        (
            "{\"format\":\"cofferdam.session.v1\",\"session\":\"t\"}\n{\"role\":1}\n",
            "s.jsonl:2: this is no message",
        ),
    ] {
        let path = scratch.file("s.jsonl", text);
        import(&path, &[]).exits(2).complains(&[sentence]);
    }
    // One answer is no more than a turn can say.
    let part = r#"{"kind":"text","text":""}"#;
    let answer = |parts: usize, detail: usize| {
        format!(
            "{{\"format\":\"cofferdam.session.v1\",\"session\":\"many\"}}\n\
             {{\"role\":\"assistant\",\"content\":[{}],\"created_at\":1,\"stop_detail\":\"{}\"}}\n",
            vec![part; parts].join(","),
            "x".repeat(detail)
        )
    };
    for (text, sentence) in [
        (answer(10_001, 0), "at most 10000 parts"),
        (answer(1, 2_000), "stop_reason and stop_detail"),
    ] {
        let path = scratch.file("s.jsonl", text);
        let ran = import(&path, &[]);
        assert_ne!(ran.code, Some(0));
        ran.complains(&["message 1", sentence]);
    }
}

#[test]
fn the_last_prompt_is_answered_again_and_earlier_answers_stay() {
    use crate::support::grpc::client;
    let scratch = Scratch::new();
    let file = agentfile(
        &scratch,
        "builtin/commands",
        &format!("BIN echo {}", tool("echo").display()),
    );
    let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    assert_eq!(
        client(&scratch, &host, &["regenerate", "s"]),
        json!([
            "FAILED_PRECONDITION",
            "session `s`: the session has no prompt to answer again"
        ])
    );
    host.chat_in("a", "s", "run echo hello");
    for branches in 1..=2 {
        assert_eq!(client(&scratch, &host, &["regenerate", "s"])[0], "OK");
        let messages = client(&scratch, &host, &["branches", "s"]);
        // The prompt is there once.
        assert_eq!(messages.as_array().unwrap().len(), 2, "{messages}");
        let answer = &messages[1];
        assert_eq!(answer["active_branch"], branches);
        let earlier: Vec<String> =
            serde_json::from_str(answer["branches_json"].as_str().unwrap()).unwrap();
        assert_eq!(earlier.len(), branches);
        let first: Value = serde_json::from_str(&earlier[0]).unwrap();
        assert_eq!(first[0]["output"], "hello\n");
    }
}
