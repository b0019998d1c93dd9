//! What people get wrong: one clear sentence that says what would be right, and the exit code that
//! fits.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use crate::support::{Host, Scratch, cofferdam, tool};

/// Serves this Agentfile; it must be refused with a sentence that holds `parts`.
#[track_caller]
fn check_agentfile(text: &str, parts: &[&str]) {
    let scratch = Scratch::new();
    let file = scratch.file("Agentfile", text);
    let args = ["serve".as_ref(), "--agentfile".as_ref(), file.as_os_str()];
    cofferdam(&scratch, args).run().exits(2).complains(parts);
    let trees = std::fs::read_dir(scratch.data().join("agents")).map(Iterator::count);
    assert_eq!(trees.unwrap_or_default(), 0, "a tree is left over");
}

#[test]
fn an_agentfile_that_is_wrong_is_refused_with_its_place() {
    let head = "FROM scratch\nNAME a\nMODEL builtin/commands\n";
    check_agentfile("FORM scratch\n", &["Agentfile:1:1: ", "FORM", "FROM"]);
    check_agentfile(
        "FROM alpine\nNAME a\nMODEL builtin/commands\n",
        &["Agentfile:1:6: ", "alpine", "`image build`"],
    );
    check_agentfile(&format!("{head}RUNTIME\n"), &["Agentfile:4:8: ", "runtime"]);
    check_agentfile(&format!("{head}BIN wc\n"), &["Agentfile:4:"]);
    check_agentfile(
        &format!("{head}CONTEXT SOUL <<EOF\nhello\n"),
        &["Agentfile:4:", "EOF"],
    );
    check_agentfile("FROM scratch\nNAME a\n", &["MODEL"]);
    check_agentfile(
        "FROM scratch\nNAME a\nMODEL nothing\n",
        &["nothing", "provider/name"],
    );
    check_agentfile(
        "FROM scratch\nNAME a\nMODEL builtin/chess\n",
        &["chess", "commands"],
    );
    check_agentfile(
        "FROM scratch\nNAME a\nMODEL anthropic/claude\n",
        &["ANTHROPIC_API_KEY"],
    );
    check_agentfile(
        "FROM scratch\nNAME a\nMODEL script/none.jsonl\n",
        &["none.jsonl"],
    );
    check_agentfile(
        &format!("{head}BIN wc ./nope.wasm\n"),
        &["agent a, BIN wc", "nope.wasm", "No such file"],
    );
    check_agentfile(
        &format!("{head}BIN wc nowhere:1\n"),
        &["agent a, BIN wc", "nowhere:1"],
    );
    check_agentfile(
        &format!("{head}BIN wc ./Agentfile\n"),
        &["BIN wc", "not a WebAssembly binary"],
    );
}

#[test]
fn a_data_directory_that_cannot_be_written_is_refused() {
    let scratch = Scratch::new();
    let file = scratch.file("file", "");
    for directory in [file.clone(), file.join("below"), "/proc/1/nowhere".into()] {
        let args = [
            "serve".as_ref(),
            "--data-dir".as_ref(),
            directory.as_os_str(),
        ];
        let name = directory.display().to_string();
        cofferdam(&scratch, args)
            .run()
            .exits(1)
            .complains(&[&name, "--data-dir"]);
    }
}

#[test]
fn an_address_that_cannot_be_used_is_refused() {
    let scratch = Scratch::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    cofferdam(&scratch, ["serve", "--listen", &address])
        .run()
        .exits(1)
        .complains(&[&address, "in use"]);
    cofferdam(&scratch, ["serve", "--listen", "0.0.0.0:0"])
        .run()
        .exits(2)
        .complains(&["0.0.0.0:0", "loopback"]);
    cofferdam(&scratch, ["serve", "--listen", "nonsense"])
        .run()
        .exits(2)
        .complains(&["nonsense"]);
}

#[test]
fn one_data_directory_has_one_host() {
    let scratch = Scratch::new();
    let host = Host::start::<&str>(&scratch, []);
    let pid = host.pid().to_string();
    cofferdam(&scratch, ["serve"])
        .run()
        .exits(1)
        .complains(&["another host", &pid]);
    cofferdam(&scratch, ["ps"]).run().exits(0);
}

#[test]
fn a_command_without_a_host_says_how_to_start_one() {
    let scratch = Scratch::new();
    cofferdam(&scratch, ["ps"])
        .run()
        .exits(1)
        .complains(&["cofferdam.sock", "cofferdam serve"]);
}

#[test]
fn invalid_utf8_in_arguments_is_refused() {
    let scratch = Scratch::new();
    let args: [OsString; 5] = [
        "tool".into(),
        "run".into(),
        tool("echo").into(),
        "--".into(),
        OsString::from_vec(vec![b'a', 0xff]),
    ];
    cofferdam(&scratch, args)
        .run()
        .exits(2)
        .complains(&["argument 5", "UTF-8"]);
    let args: [OsString; 3] = ["chat".into(), "demo".into(), OsString::from_vec(vec![0xff])];
    cofferdam(&scratch, args)
        .run()
        .exits(2)
        .complains(&["argument 3", "UTF-8"]);
    cofferdam(&scratch, ["chat", "demo"])
        .stdin([b'a', 0xff])
        .run()
        .exits(2)
        .complains(&["byte 1", "UTF-8"]);
}

#[test]
fn directories_and_limits_on_the_command_line_are_checked() {
    let scratch = Scratch::new();
    let run = |flag: &str, value: &str| {
        let args = [
            "tool".into(),
            "run".into(),
            tool("wc").into_os_string(),
            flag.into(),
            value.into(),
        ];
        cofferdam(&scratch, args).run()
    };
    run("--dir", "nocolon")
        .exits(2)
        .complains(&["nocolon", "HOST:GUEST"]);
    run("--dir", "/nowhere:/workspace")
        .exits(2)
        .complains(&["/nowhere", "No such file"]);
    run("--dir", ".:workspace")
        .exits(2)
        .complains(&["absolute path"]);
    run("--memory", "64").exits(2).complains(&["64", "64MiB"]);
    run("--memory", "1GiB")
        .exits(2)
        .complains(&["`memory` = 1GiB", "256MiB"]);
    run("--wall", "fast").exits(2).complains(&["fast", "30s"]);
    run("--fuel", "-1").exits(2);
}

/// It is read as the guest asks for it, so the guest has started.
#[test]
fn input_over_its_limit_is_refused() {
    let scratch = Scratch::new();
    let args = [
        "tool".into(),
        "run".into(),
        tool("wc").into_os_string(),
        "--format".into(),
        "json".into(),
    ];
    let ran = cofferdam(&scratch, args)
        .stdin(vec![b'a'; (4 << 20) + 1])
        .run()
        .exits(3);
    let receipt = ran.json();
    assert_eq!(receipt["outcome"]["name"], "denied");
    assert_eq!(receipt["bytes_in"], (4 << 20) + 1, "no more is read");
    assert!(
        receipt["outcome"]["reason"]
            .as_str()
            .unwrap()
            .contains("4MiB"),
        "{receipt}"
    );
}

#[test]
fn a_typed_input_is_held_against_its_schema() {
    let scratch = Scratch::new();
    let run = |input: &str| {
        let args = [
            "tool".into(),
            "run".into(),
            tool("text-stats").into_os_string(),
            "--".into(),
            input.into(),
        ];
        cofferdam(&scratch, args).run()
    };
    run("{\"text\": 1}")
        .exits(3)
        .complains(&["denied", "/text", "schema"]);
    run("{}")
        .exits(3)
        .complains(&["\"text\" is a required property"]);
    run("{").exits(2).complains(&["not JSON"]);
    assert_eq!(run("{\"text\": \"a b\\nc\"}").exits(0).json()["words"], 3);
}

#[test]
fn a_result_that_cannot_be_written_is_told() {
    let scratch = Scratch::new();
    for line in [
        &["config", "show"][..],
        &["config", "show", "--format", "json"],
        &["tool", "ls"],
    ] {
        let mut command = std::process::Command::new(crate::support::binary());
        command.args(line).env("COFFERDAM_DATA_DIR", scratch.data());
        command.stdout(
            std::fs::File::options()
                .write(true)
                .open("/dev/full")
                .unwrap(),
        );
        let output = command.output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{line:?}: {stderr}");
        assert!(
            stderr.starts_with("error: the result could not be written"),
            "{stderr}"
        );
    }
}

#[test]
fn a_pipe_in_the_place_of_a_file_is_not_waited_for() {
    let scratch = Scratch::new();
    let pipe = |name: &str| {
        let path = scratch.file(name, "");
        std::fs::remove_file(&path).unwrap();
        assert!(
            std::process::Command::new("mkfifo")
                .arg(&path)
                .status()
                .unwrap()
                .success()
        );
        path.display().to_string()
    };
    let (agentfile, bin) = (pipe("Agentfile"), pipe("bin.wasm"));
    cofferdam(&scratch, ["serve", "--agentfile", &agentfile])
        .run()
        .exits(2)
        .complains(&[&agentfile, "regular file"]);
    let text = format!("FROM scratch\nNAME a\nMODEL builtin/commands\nBIN one {bin}\n");
    let file = scratch.file("b/Agentfile", text).display().to_string();
    cofferdam(&scratch, ["serve", "--agentfile", &file])
        .run()
        .exits(2)
        .complains(&[&bin, "regular file"]);
    let copy = format!("a:{agentfile}");
    let file = scratch
        .file(
            "c/Agentfile",
            "FROM scratch\nNAME a\nMODEL builtin/commands\n",
        )
        .display()
        .to_string();
    let ran = cofferdam(
        &scratch,
        ["serve", "--agentfile", &file, "--copy-in", &copy],
    )
    .run()
    .exits(2);
    ran.complains(&["--copy-in", "not a file"]);
    let token = pipe("data/operator.token");
    let ran = cofferdam(&scratch, ["serve", "--listen", "127.0.0.1:0"])
        .run()
        .exits(1);
    ran.complains(&[&token, "regular file"]);
    let secret = format!("key={bin}");
    let ran = cofferdam(&scratch, ["tool", "run", "x.wasm", "--secret", &secret])
        .run()
        .exits(2);
    ran.complains(&["--secret", "not a file"]);
}

#[test]
fn files_that_wait_for_news_are_not_waited_for() {
    let scratch = Scratch::new();
    // The messages of the kernel: a regular file by its type, and without an end.
    let file = "/proc/kmsg";
    for line in [
        ["tool", "run", file].as_slice(),
        &["tool", "inspect", file],
        &["serve", "--agentfile", file],
    ] {
        cofferdam(&scratch, line).run().exits(2).complains(&[file]);
    }
}
