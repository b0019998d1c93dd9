//! Completions of shells, and manual pages.

use std::path::Path;
use std::process::Command;

use crate::support::{Scratch, cofferdam};

/// The words that bash offers for the last of these.
fn completed(script: &Path, words: &[&str]) -> Vec<String> {
    let line = format!(
        "source '{}'\nCOMP_WORDS=({})\nCOMP_CWORD={}\n_cofferdam cofferdam '{}' '{}'\n\
         printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        script.display(),
        words.join(" "),
        words.len() - 1,
        words[words.len() - 1],
        words[words.len() - 2],
    );
    let ran = Command::new("bash")
        .args(["--norc", "--noprofile", "-c", &line])
        .output()
        .expect("bash runs");
    let stderr = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{stderr}");
    let stdout = String::from_utf8(ran.stdout).expect("text");
    stdout.lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_flags_and_values() {
    let scratch = Scratch::new();
    let script = cofferdam(&scratch, ["completions", "bash"])
        .run()
        .exits(0)
        .stdout;
    // Longer than an argument may be.
    let script = scratch.file("completions.bash", script);
    if Command::new("bash").arg("--version").output().is_err() {
        eprintln!("not run: there is no bash here");
        return;
    }
    let commands = completed(&script, &["cofferdam", "prov"]);
    assert_eq!(commands, ["provider"]);
    let commands = completed(&script, &["cofferdam", "provider", "''"]);
    for command in ["ls", "add", "rm", "check"] {
        assert!(commands.iter().any(|word| word == command), "{commands:?}");
    }
    let flags = completed(&script, &["cofferdam", "logs", "--fo"]);
    assert_eq!(flags, ["--follow", "--format"]);
    let values = completed(&script, &["cofferdam", "completions", "''"]);
    for shell in ["bash", "zsh", "fish"] {
        assert!(values.iter().any(|word| word == shell), "{values:?}");
    }
}

#[test]
fn other_shells_and_manual_pages_have_every_command() {
    let scratch = Scratch::new();
    for shell in ["zsh", "fish"] {
        let script = cofferdam(&scratch, ["completions", shell])
            .run()
            .exits(0)
            .stdout;
        for command in ["serve", "provider", "logs", "completions"] {
            assert!(script.contains(command), "{shell}: {command}");
        }
    }
    let pages = scratch.path().join("share/man1");
    cofferdam(&scratch, ["man".as_ref(), pages.as_os_str()])
        .run()
        .exits(0);
    // The same tree: as many pages as commands, and each has its words.
    let page = std::fs::read_to_string(pages.join("cofferdam-provider-add.1")).expect("a page");
    assert!(page.contains("key\\-env"), "{page}");
    assert!(page.contains("providers.yaml"), "{page}");
    let help = cofferdam(&scratch, ["--help"]).run().exits(0).stdout;
    let (_, commands) = help.split_once("Commands:\n").expect("a list");
    let commands = commands.split("\n\n").next().unwrap_or_default();
    for line in commands.lines().filter(|line| line.starts_with("  ")) {
        let Some(command) = line.get(2..).and_then(|rest| rest.split(' ').next()) else {
            continue;
        };
        if !command.is_empty() && command != "help" {
            let page = pages.join(format!("cofferdam-{command}.1"));
            assert!(page.exists(), "{}", page.display());
        }
    }
    // A package is built where there is neither a home nor a data directory.
    let mut bare = Command::new(crate::support::binary());
    let ran = bare
        .env_clear()
        .args(["completions", "fish"])
        .output()
        .expect("it starts");
    assert!(ran.status.success() && !ran.stdout.is_empty());
}
