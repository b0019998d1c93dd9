//! SIGHUP: a host reads its operator's files again, and nobody is cut off.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use crate::support::{Host, Scratch, cofferdam, content_of, tool};

/// An agent that has these tools.
fn agentfile(scratch: &Scratch, name: &str, tools: &[&str]) -> PathBuf {
    let bins: String = tools
        .iter()
        .map(|bin| format!("BIN {bin} {}\n", tool(bin).display()))
        .collect();
    scratch.file(
        &format!("{name}.Agentfile"),
        format!("FROM scratch\nNAME {name}\nMODEL builtin/commands\n{bins}"),
    )
}

fn configure(scratch: &Scratch, text: &str) -> PathBuf {
    scratch.file("data/cofferdam.toml", text)
}

fn start<'a>(scratch: &'a Scratch, files: &[&PathBuf]) -> Host<'a> {
    let args: Vec<_> = files
        .iter()
        .flat_map(|file| ["--agentfile".as_ref(), file.as_os_str()])
        .collect();
    Host::start(scratch, args)
}

#[test]
fn grants_limits_and_agents_change_and_a_running_turn_does_not() {
    let scratch = Scratch::new();
    let file = agentfile(&scratch, "a", &["sleep", "echo"]);
    configure(&scratch, "[limits]\nwall = \"20s\"\n");
    let mut host = start(&scratch, &[&file]);
    // A turn that runs for three seconds.
    let line = ["chat", "a", "run sleep 3", "--format", "json"];
    let mut client = cofferdam(&scratch, line).start();
    let mut events = BufReader::new(client.stdout.take().expect("piped"))
        .lines()
        .map_while(Result::ok);
    assert!(events.any(|line| line.contains("tool.call")));

    agentfile(&scratch, "a", &["sleep", "echo", "wc"]);
    configure(
        &scratch,
        "[limits]\nwall = \"20s\"\n[[grant]]\nagent = \"a\"\ntool = \"sleep\"\n\
         limits = { wall = \"100ms\" }\n",
    );
    host.signal("HUP");
    host.hears("reloaded");
    // The new limit and the new tool hold for turns that begin now.
    let late = content_of(&host.chat("a", "run sleep 2"), "tool.result");
    assert!(late.contains("100ms"), "{late}");
    let counted = host.chat("a", "run wc -l nothing.txt");
    assert!(content_of(&counted, "tool.result").contains("nothing.txt"));
    // And the turn from before ends as it began.
    let result = events
        .find(|line| line.contains("tool.result"))
        .expect("a result");
    assert!(
        !result.contains("deadline") && !result.contains("limit"),
        "{result}"
    );
    assert!(events.any(|line| line.contains("message.create")));
    assert!(client.wait().expect("ours").success());
    // The session and the agent are the same.
    let shown = cofferdam(&scratch, ["ps", "--format", "json"])
        .run()
        .exits(0)
        .json();
    assert_eq!(shown.as_array().expect("a list").len(), 1);
    assert_eq!(host.terminate(), Some(0));
}

#[test]
fn a_file_that_is_wrong_changes_nothing_and_is_told() {
    let scratch = Scratch::new();
    let file = agentfile(&scratch, "a", &["echo"]);
    let config = configure(&scratch, "[limits]\nwall = \"20s\"\n");
    let mut host = start(&scratch, &[&file]);
    let works = |host: &Host<'_>| {
        let said = host.chat("a", "run echo hello");
        assert_eq!(content_of(&said, "tool.result"), "hello\n");
    };

    // A mistake in one file keeps the others from being read too.
    agentfile(&scratch, "a", &[]);
    configure(&scratch, "[limits]\nwal = \"20s\"\n");
    host.signal("HUP");
    let told = host.hears("nothing was changed");
    let place = format!("{}:2", config.display());
    assert!(told.contains(&place) && told.contains("`wal`"), "{told}");
    works(&host);

    configure(&scratch, "");
    fs::write(&file, "FROM scratch\nNAME a\nMODL x\n").expect("a file");
    host.signal("HUP");
    let told = host.hears_next("nothing was changed");
    assert!(told.contains(":3:") && told.contains("MODL"), "{told}");
    works(&host);

    agentfile(&scratch, "a", &["echo"]);
    let wrong = scratch.file("data/providers.yaml", "providers: 1\n");
    host.signal("HUP");
    let told = host.hears_next("nothing was changed");
    assert!(told.contains("providers.yaml"), "{told}");
    fs::remove_file(wrong).expect("a file");
    works(&host);

    // A tool that is not there concerns its agent alone.
    fs::write(
        &file,
        "FROM scratch\nNAME a\nMODEL builtin/commands\nBIN x ./x.wasm\n",
    )
    .expect("a file");
    host.signal("HUP");
    host.hears("x.wasm");
    host.hears_next("reloaded");
    works(&host);
    assert_eq!(host.terminate(), Some(0));
}

#[test]
fn what_needs_a_restart_is_told_by_name() {
    let scratch = Scratch::new();
    let file = agentfile(&scratch, "a", &["echo"]);
    let mut host = start(&scratch, &[&file]);
    configure(
        &scratch,
        "[host]\ncalls = 8\n[ceiling]\nmemory = \"100MiB\"\n[network]\n\
         nameservers = [\"127.0.0.1:53\"]\n",
    );
    host.signal("HUP");
    for key in ["host.calls", "ceiling.memory", "network.nameservers"] {
        let told = host.hears(&format!("`{key}`"));
        assert!(told.contains("the next start"), "{told}");
    }
    host.hears("reloaded");
    // As long as they stay so, they are told again; when they are back, they are not.
    configure(&scratch, "");
    host.signal("HUP");
    host.hears_next("reloaded");
    assert_eq!(host.has_said("the next start"), 3);
    assert_eq!(host.terminate(), Some(0));
}

#[test]
fn a_hangup_while_the_host_reads_again_is_not_lost() {
    let scratch = Scratch::new();
    let file = agentfile(&scratch, "a", &["echo"]);
    let mut host = start(&scratch, &[&file]);
    for _ in 0..20 {
        host.signal("HUP");
    }
    host.hears("reloaded");
    configure(&scratch, "[limits]\nwal = 1\n");
    host.signal("HUP");
    host.hears("`wal`");
    let chat = cofferdam(&scratch, ["chat", "a", "run echo hello"]);
    chat.run().exits(0);
    assert_eq!(host.terminate(), Some(0));
}
