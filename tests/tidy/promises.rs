//! SECURITY.md promises, and each promise names what keeps it: files, and tests or rows of the
//! hostile corpus.

use super::links::is_source;
use super::{File, file, none, one};

/// The document that promises.
const DOCUMENT: &str = "SECURITY.md";

/// The heading of its promises.
const HEADING: &str = "## What is promised";

/// Folders of guests, with the ending of their sources.
const GUESTS: [(&str, &str); 2] = [
    ("host/selftest/guests/src/bin", "rs"),
    ("host/selftest/guests/wat", "wat"),
];

/// Guests that are whole packages, with their sources.
const PACKAGES: [(&str, &str); 2] = [
    ("nested", "host/selftest/guests/nested/src/lib.rs"),
    ("typed_hostile", "host/selftest/guests/typed/src/lib.rs"),
];

/// The part of a promise that a line belongs to.
enum Part {
    Sentence,
    Files,
    Tests,
    Rows,
}

/// A promise with what it names.
struct Promise<'a> {
    line: usize,
    part: Part,
    files: Vec<&'a str>,
    tests: Vec<&'a str>,
    rows: Vec<&'a str>,
}

impl<'a> Promise<'a> {
    fn begin(line: usize) -> Self {
        Self {
            line,
            part: Part::Sentence,
            files: Vec::new(),
            tests: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// Reads a line after its first, which has only words of its sentence.
    fn read(&mut self, line: &'a str) {
        if matches!(self.part, Part::Sentence) && begins_with_file(line) {
            self.part = Part::Files;
        }
        for word in line.split_whitespace() {
            match word {
                "tests:" => self.part = Part::Tests,
                "rows:" => self.part = Part::Rows,
                word => self.name(word.trim_matches(['`', ',', ';'])),
            }
        }
    }

    fn name(&mut self, word: &'a str) {
        match self.part {
            Part::Sentence => {}
            Part::Files => self.files.push(word),
            Part::Tests => self.tests.push(word),
            Part::Rows => self.rows.push(word),
        }
    }

    /// Problems of this promise, where `text` returns the content of the file at a path.
    fn problems(&self, text: &impl Fn(&str) -> Option<String>) -> Vec<String> {
        let mut problems = Vec::new();
        if self.files.is_empty() {
            problems.push("it names no file: add a line with those that keep it".to_owned());
        }
        if self.tests.is_empty() && self.rows.is_empty() {
            problems
                .push("it names no test and no row: add one that fails if it breaks".to_owned());
        }
        let files = self.files.iter().filter(|path| text(path).is_none());
        problems.extend(files.map(|path| format!("there is no file {path}")));
        let tests = self.tests.iter().filter(|test| !has_test(test, text));
        problems.extend(tests.map(|test| format!("there is no test {test}")));
        let rows = self
            .rows
            .iter()
            .filter(|guest| !guest_sources(guest).iter().any(|path| text(path).is_some()));
        problems.extend(rows.map(|guest| format!("there is no guest {guest} with a row")));
        problems
            .into_iter()
            .map(|problem| format!("{DOCUMENT}:{}: {problem}", self.line))
            .collect()
    }
}

/// Returns true if a line begins with a path in code style.
fn begins_with_file(line: &str) -> bool {
    let code = line
        .trim_start()
        .strip_prefix('`')
        .and_then(|rest| rest.split('`').next());
    code.is_some_and(is_source)
}

/// The files in which cargo finds a test of this name: of the integration tests, or of the crate
/// whose folder leads it.
fn test_sources(modules: &[&str]) -> Vec<String> {
    let mut sources = vec![format!("tests/{}.rs", modules.join("/"))];
    if let [folder, inner @ ..] = modules {
        let path = inner.join("/");
        sources.push(format!("host/{folder}/src/{path}.rs"));
        sources.push(format!("host/{folder}/tests/all/{path}.rs"));
        // A module of tests is often inside the file that it tests.
        sources.extend(
            path.strip_suffix("/tests")
                .map(|path| format!("host/{folder}/src/{path}.rs")),
        );
    }
    sources
}

pub(super) fn has_test(test: &str, text: &impl Fn(&str) -> Option<String>) -> bool {
    let names: Vec<_> = test.split("::").collect();
    let Some((name, modules)) = names.split_last() else {
        return false;
    };
    let function = format!("fn {name}(");
    test_sources(modules)
        .iter()
        .any(|path| text(path).is_some_and(|text| defines(&text, &function)))
}

/// True if `text` has this function as a test: its attributes stand between it and the item before.
fn defines(text: &str, function: &str) -> bool {
    text.match_indices(function).any(|(at, _)| {
        let before = text.get(..at).unwrap_or_default();
        let item = before.rfind(['}', ';']).map_or(0, |end| end + 1);
        let attributes = before.get(item..).unwrap_or_default();
        ["#[test]", "#[tokio::test"]
            .iter()
            .any(|attribute| attributes.contains(attribute))
    })
}

/// The files of which one is the source of a guest. A guest without a row does not compile
/// (`host/selftest/build.rs`).
fn guest_sources(guest: &str) -> Vec<String> {
    let alone = GUESTS
        .iter()
        .map(|(folder, ending)| format!("{folder}/{guest}.{ending}"));
    let package = PACKAGES
        .iter()
        .filter(|(name, _)| *name == guest)
        .map(|(_, path)| (*path).to_owned());
    alone.chain(package).collect()
}

fn promises(document: &str) -> Vec<Promise<'_>> {
    let mut promises: Vec<Promise<'_>> = Vec::new();
    let section = document
        .lines()
        .zip(1..)
        .skip_while(|(line, _)| *line != HEADING)
        .skip(1);
    for (line, number) in section.take_while(|(line, _)| !line.starts_with("## ")) {
        if line.starts_with("- ") {
            promises.push(Promise::begin(number));
        } else if line.starts_with("  ")
            && let Some(promise) = promises.last_mut()
        {
            promise.read(line);
        }
    }
    promises
}

fn unkept(document: &str, text: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let promises = promises(document);
    if promises.is_empty() {
        return vec![format!(
            "{DOCUMENT}: there is no list below `{HEADING}`: this check would pass for nothing"
        )];
    }
    promises
        .iter()
        .flat_map(|promise| promise.problems(&text))
        .collect()
}

#[test]
fn every_promise_names_what_keeps_it() {
    let File { text, .. } = file(DOCUMENT).expect("the repository has it");
    none(unkept(&text, |path| file(path).map(|file| file.text)));
}

#[test]
fn a_promise_that_nothing_keeps_is_found() {
    let sources = [
        ("host/tool/src/a.rs", "mod tests { #[test] fn inline() {} }"),
        (
            "host/tool/src/a/tests.rs",
            "fn helper() {}\n#[test]\nfn beside() {}",
        ),
        (
            "host/tool/tests/all/b.rs",
            "#[tokio::test]\nasync fn outside() {}",
        ),
        ("tests/a/b.rs", "#[test]\nfn works() {}"),
        ("host/selftest/guests/src/bin/spin.rs", ""),
        ("host/selftest/guests/wat/fill.wat", ""),
        ("host/selftest/guests/nested/src/lib.rs", ""),
    ];
    let text = |path: &str| {
        sources
            .iter()
            .find(|(there, _)| *there == path)
            .map(|(_, text)| (*text).to_owned())
    };
    let check = |promise: &str| {
        unkept(
            &format!("# Security\n\n{HEADING}\n\nOf a call:\n\n{promise}"),
            text,
        )
    };
    none(check(
        "- It `keeps`\n  `this`.\n  `host/tool/src/a.rs`,\n  `tests/a/b.rs`;\n  tests: \
            a::b::works,\n  \
         tool::a::tests::inline, tool::a::tests::beside, tool::b::outside;\n  rows: spin, fill, \
         nested\n\n## Other\n- x",
    ));
    one(
        check("- It keeps.\n  tests: a::b::works"),
        "SECURITY.md:7: it names no file",
    );
    one(
        check("- It keeps.\n  `host/tool/src/a.rs`"),
        "SECURITY.md:7: it names no test and no row",
    );
    one(
        check("- It keeps.\n  `host/tool/src/gone.rs`; rows: spin"),
        "there is no file host/tool/src/gone.rs",
    );
    let with = |evidence: &str| {
        check(&format!(
            "- It keeps.\n  `host/tool/src/a.rs`;\n  {evidence}"
        ))
    };
    one(with("tests: a::b::work"), "there is no test a::b::work");
    one(with("tests: works"), "there is no test works");
    one(
        with("tests: tool::a::tests::helper"),
        "there is no test tool::a::tests::helper",
    );
    one(with("tests: b::works"), "there is no test b::works");
    one(with("rows: spin, spun"), "there is no guest spun");
    one(
        with("rows: spin\n- Another.\n  rows: spin"),
        "SECURITY.md:10: it names no file",
    );
    one(unkept("# Security", text), "would pass for nothing");
}
