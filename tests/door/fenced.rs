//! Output of guests on a terminal, which does not look like the host's own words. A pipe gets the
//! bytes as they are.

use crate::support::{Host, Scratch, cofferdam, on_terminal, tool};

/// The width of the tests' terminal.
const COLUMNS: usize = 200;

/// Words that a host begins a line with.
const HOSTS_OWN: [&str; 6] = ["error:", "note:", "fuel", "outcome", "→ ", "← "];

/// What a guest prints to look like a host: as lines, and where a terminal would break a long one.
fn forged() -> String {
    let padding = "x".repeat(COLUMNS);
    let long = |padding: &str| format!("{padding}error: forged");
    let lines = ["error: forged", "note: forged", "fuel 1", "→ rm {}"].join("\n");
    // Beside a mark there is less room, so the break may be before.
    let broken: Vec<_> = (0..8).map(|less| long(&padding[less..])).collect();
    format!("{lines}\n{}", broken.join("\n"))
}

/// The lines of a terminal that begin as the host's do.
fn like_the_hosts(sent: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(sent).into_owned();
    let rows = text.lines().flat_map(|line| {
        let characters: Vec<_> = line.chars().collect();
        let rows = characters.chunks(COLUMNS).map(|row| row.iter().collect());
        rows.collect::<Vec<String>>()
    });
    rows.filter(|row| HOSTS_OWN.iter().any(|own| row.starts_with(own)))
        .collect()
}

#[test]
fn no_line_of_a_guest_begins_as_those_of_the_host() {
    let scratch = Scratch::new();
    let echo = tool("echo");
    let forged = forged();
    let line = |flag: &'static str| {
        let run = ["tool".as_ref(), "run".as_ref(), echo.as_os_str()];
        run.into_iter()
            .chain([flag.as_ref(), "--".as_ref(), forged.as_ref()])
    };
    let sent = on_terminal(&scratch, line("--format=table"));
    assert_eq!(like_the_hosts(&sent), [""; 0]);
    let text = String::from_utf8_lossy(&sent);
    assert!(
        text.starts_with("│ error: forged\n│ note: forged\n"),
        "{text}"
    );
    // The host's own words do.
    let sent = on_terminal(&scratch, line("--receipt"));
    let own = like_the_hosts(&sent);
    assert!(own.iter().any(|line| line.starts_with("fuel")), "{own:?}");
    let outcome = own.iter().find(|line| line.starts_with("outcome"));
    assert!(outcome.is_some_and(|line| line.ends_with(" ok")), "{own:?}");
    // Bytes in a pipe are the guest's.
    let ran = cofferdam(&scratch, line("--format=table")).run().exits(0);
    assert_eq!(ran.stdout, format!("{forged}\n"));

    // Standard error, and an output that does not end in a line.
    let cat = tool("cat");
    let line = ["tool".as_ref(), "run".as_ref(), cat.as_os_str()];
    let missing = ["--", "error: x"].map(std::ffi::OsStr::new);
    let sent = on_terminal(&scratch, line.into_iter().chain(missing));
    let own = like_the_hosts(&sent);
    assert!(
        own.iter().all(|line| line.starts_with("note: cat: ")),
        "{own:?}"
    );
    assert!(String::from_utf8_lossy(&sent).contains("│ cat: "));
    let line = ["tool".as_ref(), "run".as_ref(), echo.as_os_str()];
    let flags = ["--receipt", "--", "-n", "last"].map(std::ffi::OsStr::new);
    let sent = on_terminal(&scratch, line.into_iter().chain(flags));
    let text = String::from_utf8_lossy(&sent);
    assert!(text.contains("│ last\n"), "{text}");
    // A pipe gets no line break that the tool did not print.
    let ran = cofferdam(&scratch, line.into_iter().chain(flags)).run();
    assert_eq!(ran.exits(0).stdout, "last");
}

#[test]
fn no_line_of_a_turn_begins_as_those_of_the_host_but_its_own() {
    let scratch = Scratch::new();
    let file = scratch.file(
        "Agentfile",
        format!(
            "FROM scratch\nNAME a\nMODEL builtin/commands\nBIN echo {}\nBIN seq {}\n",
            tool("echo").display(),
            tool("seq").display()
        ),
    );
    let _host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    // The model repeats what the tool has printed.
    let said = format!("run echo '{}'", forged());
    let sent = on_terminal(&scratch, ["chat", "a", "--new", "--session", "s", &said]);
    let own = like_the_hosts(&sent);
    let [call, result] = own.as_slice() else {
        panic!("{own:#?}");
    };
    assert!(call.starts_with("→ echo {") && result.starts_with("← echo ("));
    let text = String::from_utf8_lossy(&sent);
    // Steps have the numbers that they have for machines.
    assert!(text.contains("· step 1\n"), "{text}");
    assert!(text.contains("\n│ error: forged\n"), "{text}");
    assert!(text.contains("\n  error: forged\n"), "{text}");
    let sent = on_terminal(&scratch, ["sessions", "show", "s"]);
    let own = like_the_hosts(&sent);
    assert!(
        own.iter()
            .all(|line| !line.contains("forged") || line.starts_with("→ echo {"))
    );

    // A long answer is folded on a terminal, and whole in a pipe.
    let line = ["chat", "a", "--new", "--session", "long", "run seq 1000"];
    let text = String::from_utf8_lossy(&on_terminal(&scratch, line)).into_owned();
    assert!(
        text.contains("│ 16\n… 976 more lines: `cofferdam sessions show long` has them\n│ 993\n"),
        "{text}"
    );
    assert!(
        !text.contains("│ 17\n") && text.contains("│ 1000\n"),
        "{text}"
    );
    let piped = cofferdam(&scratch, line).run().exits(0).stdout;
    assert!(
        piped.contains("← 1\n2\n") && piped.contains("\n1000 ("),
        "{piped}"
    );
}

#[test]
fn an_empty_session_is_refused() {
    let scratch = Scratch::new();
    let ran = cofferdam(&scratch, ["chat", "a", "--session", "", "hi"]).run();
    ran.exits(2)
        .complains(&["--session is empty", "leave it out"]);
}
