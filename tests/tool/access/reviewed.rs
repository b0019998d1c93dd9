//! The page of a reviewer: credentials stand out, and it is readable on a narrow terminal.

use crate::support::{Scratch, cofferdam, guest, on_terminal_of};

const HEAD: &str = "schema = 1\n[tool]\nname = \"t\"\nversion = \"1\"\nsummary = \"s\"\n";

#[test]
fn names_of_well_known_credentials_stand_out_with_their_rule() {
    let scratch = Scratch::new();
    let secret = "[[secret]]\nname = \"deploy-token\"\nhost = \"a.test\"\nreason = \"asked for\"\n\
        inject = { header = \"authorization\", format = \"Bearer {}\" }\n\
        [[http]]\nhost = \"a.test\"\nreason = \"r\"\n";
    let names = ["AWS_SECRET_ACCESS_KEY", "DB_PASSWORD", "TEAM", "BROKEN"];
    let env = |name: &str| format!("[[env]]\nname = \"{name}\"\nreason = \"speed\"\n");
    let manifest = HEAD.to_owned() + secret + &names.map(env).concat();
    let file = scratch.file("capabilities.toml", manifest);
    let component = guest("env_dump");
    let inspect = |format: &str| {
        let line = ["tool".as_ref(), "inspect".as_ref(), component.as_os_str()];
        let flags = ["--capabilities".as_ref(), file.as_os_str()];
        let format = ["--format".as_ref(), std::ffi::OsStr::new(format)];
        let line = line.into_iter().chain(flags).chain(format);
        cofferdam(&scratch, line).run().exits(0)
    };
    let page = inspect("table").stdout;
    for line in [
        " ! variable  AWS_SECRET_ACCESS_KEY",
        " ! variable  DB_PASSWORD",
        " ! secret    deploy-token",
        " variable    TEAM",
        " variable    BROKEN",
    ] {
        assert!(page.lines().any(|shown| shown.starts_with(line)), "{page}");
    }
    for sentence in [
        "! the variable AWS_SECRET_ACCESS_KEY looks like a credential (rule `aws`): it opens an \
         account at AWS; the tool reads its value",
        "! the variable DB_PASSWORD looks like a credential (rule `password`)",
        "! the secret deploy-token looks like a credential (rule `token`): it opens what the token \
         is for; the host puts it into requests, and the tool never sees it",
    ] {
        assert!(page.contains(sentence), "{sentence}: {page}");
    }
    let credentials = inspect("json").json()["credentials"].take();
    let rules: Vec<_> = credentials
        .as_array()
        .expect("a list")
        .iter()
        .map(|found| (found["kind"].as_str(), found["rule"].as_str()))
        .collect();
    let expected = [
        (Some("secret"), Some("token")),
        (Some("variable"), Some("aws")),
        (Some("variable"), Some("password")),
    ];
    assert_eq!(rules, expected);
}

#[test]
fn the_page_is_readable_on_a_narrow_terminal() {
    let scratch = Scratch::new();
    let row = "[[fs]]\npath = \"/workspace\"\naccess = \"read-only\"\nreason = \"reads the notes \
        of the team, which are many\"\n";
    let file = scratch.file("capabilities.toml", HEAD.to_owned() + row);
    let component = guest("env_dump");
    let line = ["tool".as_ref(), "inspect".as_ref(), component.as_os_str()];
    let line = line
        .into_iter()
        .chain(["--capabilities".as_ref(), file.as_os_str()]);
    let line: Vec<_> = line.collect();
    for columns in [80, 40] {
        let sent = on_terminal_of(columns, &scratch, &line);
        let page = String::from_utf8_lossy(&sent).into_owned();
        // A digest is whole, so that it can be copied; everything else keeps to the columns.
        let digests = page.lines().filter(|line| line.contains("sha256:"));
        assert!(
            digests
                .clone()
                .all(|line| line.ends_with(|c: char| c.is_ascii_hexdigit()))
        );
        assert_eq!(
            digests.map(|line| line.trim().len()).max(),
            Some(71),
            "{page}"
        );
        let wide = |line: &&str| line.chars().count() > columns && !line.contains("sha256:");
        assert_eq!(page.lines().find(wide), None, "{columns}: {page}");
        // Names are not broken.
        for name in [
            "directory",
            "table-elements",
            "http-request-body",
            "entries-created",
        ] {
            let shown = page.lines().any(|line| line.trim_start().starts_with(name));
            assert!(shown, "{columns}: `{name}` is broken: {page}");
        }
    }
}
