//! Our own `.proto` files keep the rules of `buf lint` (`STANDARD` and `COMMENTS`), but for one: a
//! service is named by the noun that the command line has for it, without `Service` at its end.

use std::collections::BTreeSet;

use regex::Regex;

use super::{File, file, files, line, none, one};

/// Their folder.
const FOLDER: &str = "proto/cofferdam";

/// The file that compiles them.
const BUILD: &str = "proto/build.rs";

/// Breaks of the rules in one file.
fn breaks(file: &File) -> Vec<String> {
    let mut problems = Vec::new();
    let tell = |problems: &mut Vec<String>, offset: usize, sentence: String| {
        problems.push(format!(
            "{}:{}: {sentence}",
            file.path,
            line(&file.text, offset)
        ));
    };
    if !file.text.starts_with("syntax = \"proto3\";") {
        tell(
            &mut problems,
            0,
            "begin with `syntax = \"proto3\";`".to_owned(),
        );
    }
    let place = file.path.trim_start_matches("proto/");
    let (folder, name) = place.rsplit_once('/').unwrap_or(("", place));
    let package = folder.replace('/', ".");
    if !file.text.contains(&format!("\npackage {package};\n")) {
        tell(
            &mut problems,
            0,
            format!("this folder is of package {package}"),
        );
    }
    if !matches(r"(^|\.)v[1-9][0-9]*$", &package) {
        tell(
            &mut problems,
            0,
            format!("package {package} ends in no version, such as v1"),
        );
    }
    if !matches(r"^[a-z][a-z0-9_]*\.proto$", name) {
        tell(
            &mut problems,
            0,
            format!("{name} is no name in lower_snake_case"),
        );
    }
    for import in found(r#"import (public|weak) "#, &file.text) {
        tell(
            &mut problems,
            import.offset,
            "no import is public or weak".to_owned(),
        );
    }
    for named in found(r"(?m)^ *(?:message|service|enum) (\w+) \{", &file.text) {
        if !matches("^[A-Z][A-Za-z0-9]*$", &named.name) {
            tell(
                &mut problems,
                named.offset,
                format!("{} is not in PascalCase", named.name),
            );
        }
    }
    let field = r"(?m)^ +(?:repeated |optional )?[\w.<>, ]+ (\w+) = [0-9]+;";
    for named in found(field, &file.text)
        .into_iter()
        .chain(found(r"oneof (\w+) \{", &file.text))
    {
        let is_value = matches("^[A-Z][A-Z0-9_]*$", &named.name);
        if !is_value && !matches("^[a-z][a-z0-9]*(_[a-z0-9]+)*$", &named.name) {
            tell(
                &mut problems,
                named.offset,
                format!("{} is not in lower_snake_case", named.name),
            );
        }
    }
    for named in found(r"(?m)^service (\w+) \{|^  rpc (\w+)", &file.text) {
        let before = file.text[..named.offset]
            .trim_end_matches(' ')
            .trim_end_matches('\n');
        let above = before.rsplit('\n').next().unwrap_or_default();
        if !above.trim_start().starts_with("//") {
            tell(
                &mut problems,
                named.offset,
                format!("{} has no comment", named.name),
            );
        }
    }
    problems.extend(methods(file));
    problems.extend(enums(file));
    problems
}

/// Methods whose messages are not their own, `NAMERequest` and `NAMEResponse`.
fn methods(file: &File) -> Vec<String> {
    let method = Regex::new(r"rpc (\w+)\((stream )?(\w+)\) returns \((stream )?(\w+)\)");
    let method = method.expect("a pattern");
    let all: Vec<_> = method.captures_iter(&file.text).collect();
    let own = |parts: &regex::Captures<'_>| {
        let [name, request, response] = [&parts[1], &parts[3], &parts[5]];
        request == format!("{name}Request") && response == format!("{name}Response")
    };
    let problem = |parts: &regex::Captures<'_>| {
        let offset = parts.get(0).map_or(0, |whole| whole.start());
        format!(
            "{}:{}: {name} takes {name}Request and answers with {name}Response",
            file.path,
            line(&file.text, offset),
            name = &parts[1]
        )
    };
    let count = file
        .text
        .lines()
        .filter(|line| line.trim_start().starts_with("rpc "))
        .count();
    let mut problems: Vec<_> = all
        .iter()
        .filter(|parts| !own(parts))
        .map(problem)
        .collect();
    if all.len() != count {
        problems.push(format!("{}: a method is not on one line", file.path));
    }
    problems
}

/// Enums whose first value is not the one that says nothing, and values without the name before
/// them.
fn enums(file: &File) -> Vec<String> {
    let pattern = Regex::new(r"enum (\w+) \{([^}]*)\}").expect("a pattern");
    let words = Regex::new("(.)([A-Z])").expect("a pattern");
    let mut problems = Vec::new();
    for parts in pattern.captures_iter(&file.text) {
        let prefix = words.replace_all(&parts[1], "${1}_$2").to_uppercase();
        let values = found(r"(\w+) = [0-9]+;", &parts[2]);
        let begins = |name: &str| name.starts_with(&format!("{prefix}_"));
        let nothing = format!("{prefix}_UNSPECIFIED");
        let first = values.first().map(|value| &*value.name);
        if first != Some(&*nothing) || !values.iter().all(|value| begins(&value.name)) {
            problems.push(format!(
                "{}: values of {} begin with {prefix}_, and the first is {nothing}",
                file.path, &parts[1]
            ));
        }
    }
    problems
}

/// A name and its place.
struct Named {
    name: String,
    offset: usize,
}

fn found(pattern: &str, text: &str) -> Vec<Named> {
    let pattern = Regex::new(pattern).expect("a pattern");
    let named = |parts: regex::Captures<'_>| {
        let name = parts.iter().skip(1).flatten().next();
        Named {
            name: name.map_or(String::new(), |name| name.as_str().to_owned()),
            offset: parts.get(0).map_or(0, |whole| whole.start()),
        }
    };
    pattern.captures_iter(text).map(named).collect()
}

fn matches(pattern: &str, text: &str) -> bool {
    Regex::new(pattern).expect("a pattern").is_match(text)
}

#[test]
fn our_protos_keep_the_rules_of_buf() {
    let all = files(FOLDER, ".proto");
    none(all.iter().flat_map(breaks).collect());
    let build = file(BUILD).expect("it is there").text;
    let listed: BTreeSet<_> = found(r#""(cofferdam/[^"]+)""#, &build)
        .into_iter()
        .map(|named| format!("proto/{}", named.name))
        .collect();
    let there: BTreeSet<_> = all.into_iter().map(|file| file.path).collect();
    assert_eq!(there, listed, "{BUILD} compiles other files than there are");
}

#[test]
fn a_proto_that_breaks_a_rule_is_found() {
    let good = "syntax = \"proto3\";\n\npackage cofferdam.v1;\n\n// Things.\nservice Things {\n  \
                // One.\n  rpc GetThing(GetThingRequest) returns (stream GetThingResponse);\n}\n\n\
                message Thing {\n  map<string, string> some_names = 1;\n}\n\nenum ThingKind {\n  \
                THING_KIND_UNSPECIFIED = 0;\n  THING_KIND_GOOD = 1;\n}\n";
    let proto = |text: &str| File {
        path: "proto/cofferdam/v1/things.proto".to_owned(),
        text: text.to_owned(),
    };
    none(breaks(&proto(good)));
    for (from, to, part) in [
        ("proto3", "proto2", "begin with"),
        (
            "package cofferdam.v1",
            "package cofferdam",
            "is of package cofferdam.v1",
        ),
        ("// Things.\n", "", "Things has no comment"),
        ("  // One.\n", "", "GetThing has no comment"),
        (
            "(GetThingRequest)",
            "(Thing)",
            "GetThing takes GetThingRequest",
        ),
        (
            "stream GetThingResponse",
            "Thing",
            "answers with GetThingResponse",
        ),
        (
            "message Thing",
            "message thing",
            "thing is not in PascalCase",
        ),
        (
            "some_names",
            "someNames",
            "someNames is not in lower_snake_case",
        ),
        (
            "THING_KIND_UNSPECIFIED",
            "THING_KIND_NONE",
            "the first is THING_KIND_UNSPECIFIED",
        ),
        ("THING_KIND_GOOD", "GOOD", "begin with THING_KIND_"),
    ] {
        one(breaks(&proto(&good.replace(from, to))), part);
    }
}
