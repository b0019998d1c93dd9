//! Documents name files, and files move.

use std::path::Path;

use super::{File, file, none, one};
use crate::support::checkout;

/// The documents of the repository. Each of them is there.
const DOCUMENTS: [&str; 13] = [
    "README.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "guest-sdk/README.md",
    "host/README.md",
    "host/capability/README.md",
    "host/cli/README.md",
    "host/image/README.md",
    "host/model/README.md",
    "host/selftest/README.md",
    "host/selftest/guests/README.md",
    "host/workbench/README.md",
    "tools/README.md",
];

/// Endings of files that are not built: a path in code style that has one is the repository's.
const SOURCES: [&str; 7] = [".md", ".proto", ".py", ".rs", ".sql", ".toml", ".wit"];

/// Files that a document names, with their lines: targets of links, and paths in code style.
fn named(text: &str) -> Vec<(&str, usize)> {
    let mut named = Vec::new();
    let mut in_block = false;
    for (content, number) in text.lines().zip(1..) {
        if content.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if !in_block {
            let links = content
                .split("](")
                .skip(1)
                .filter_map(|rest| rest.split(')').next());
            let files = links
                .filter(|link| !link.contains(':'))
                .filter_map(|link| link.split('#').next());
            named.extend(
                files
                    .filter(|file| !file.is_empty())
                    .map(|file| (file, number)),
            );
            let code = content.split('`').skip(1).step_by(2);
            named.extend(
                code.filter(|code| is_source(code))
                    .map(|code| (code, number)),
            );
        }
    }
    named
}

/// Returns true if `code` is a path in this repository, and not a command, a pattern or a file of a
/// guest.
pub(super) fn is_source(code: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    let ours = code.contains('/') && !code.starts_with('/') && code.chars().all(plain);
    ours && SOURCES.iter().any(|ending| code.ends_with(ending))
}

/// Files that a document names and `exists` does not know, looked for beside the document and from
/// the top.
fn broken(document: &File, exists: impl Fn(&Path) -> bool) -> Vec<String> {
    let beside = Path::new(&document.path).parent().unwrap_or(Path::new(""));
    let is_there = |name: &str| exists(&beside.join(name)) || exists(Path::new(name));
    named(&document.text)
        .into_iter()
        .filter(|(name, _)| !is_there(name))
        .map(|(name, line)| {
            format!(
                "{}:{line}: there is no {name}: name the file that has its content now",
                document.path
            )
        })
        .collect()
}

#[test]
fn documents_name_files_that_are_there() {
    for path in DOCUMENTS {
        let document =
            file(path).unwrap_or_else(|| panic!("{path} is missing: every repository has it"));
        none(broken(&document, |path| checkout().join(path).exists()));
    }
}

#[test]
fn a_file_that_is_not_there_is_found() {
    let exists = |path: &Path| {
        path == Path::new("host/README.md") || path == Path::new("host/tool/src/lib.rs")
    };
    let check = |path: &str, text: &str| {
        broken(
            &File {
                path: path.to_owned(),
                text: text.to_owned(),
            },
            exists,
        )
    };
    none(check(
        "README.md",
        "[the map](host/README.md#where), `host/tool/src/lib.rs`, [web](https://example.com/a.md)",
    ));
    none(check(
        "host/README.md",
        "[here](#top), [self](README.md), `tool/src/lib.rs`",
    ));
    none(check(
        "README.md",
        "`target/tools/wc.wasm`, `/workspace/a.md`, `agents/<id>/a.md`, `just lint tools/a.rs`, \
         `a.rs`, ``",
    ));
    none(check(
        "README.md",
        "```console\n$ cat tools/a.rs [x](y)\n```",
    ));
    one(
        check("README.md", "\n[the map](hosts/README.md)"),
        "README.md:2: there is no hosts/README.md",
    );
    one(
        check(
            "README.md",
            "[the map][1] and [it](host/README.md), `host/tool/src/gone.rs`",
        ),
        "gone.rs",
    );
    one(
        check("host/README.md", "a ``` b\n```\n`a/b.rs`\n```\n[c](d)"),
        "host/README.md:5: there is no d",
    );
}
