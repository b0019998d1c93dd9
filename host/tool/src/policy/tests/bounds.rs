//! Policies as deep and as long as they may be, and beyond.

use std::thread::Builder;

use cofferdam_call::Verdict;
use serde_json::json;

use super::{by_agent, file, problems, tool};
use crate::effect::Effect;
use crate::policy::Rules;

/// Stack of a thread on which calls are decided about, as tokio's and those for guests have.
const STACK: usize = 2 << 20;

/// A condition of this size.
type Shape = fn(usize) -> String;

/// Conditions that are nested, or that a parser nests.
const SHAPES: [(&str, Shape); 12] = [
    ("parentheses", |n| around("(", "true", ")", n)),
    ("sets", |n| around("[", "1", "]", n) + ".isEmpty()"),
    ("records", |n| around("{a: ", "1", "}", n) + " == {a: 1}"),
    ("alternatives", |n| {
        around("if true then ", "true", " else true", n)
    }),
    ("else", |n| around("if true then true else ", "true", "", n)),
    ("negations", |n| around("!(", "true", ")", n)),
    ("attributes", |n| {
        around("", "resource", ".a", n) + " == resource"
    }),
    ("accesses", |n| {
        around("", "resource", "[\"a\"]", n) + " == resource"
    }),
    ("sums", |n| around("", "1", " + 1", n) + " == 1"),
    ("conjunctions", |n| around("", "true", " && true", n)),
    ("disjunctions", |n| around("", "false", " || false", n)),
    ("conditions", |n| around("", "true", " } when { true", n)),
];

fn around(before: &str, core: &str, after: &str, times: usize) -> String {
    before.repeat(times) + core + &after.repeat(times)
}

fn policy(condition: &str) -> String {
    format!("forbid (principal, action, resource) when {{ {condition} }};\n")
}

/// True if the policy is refused for its size.
fn is_too_large(condition: &str) -> bool {
    let read = Rules::read(&[file("a.cedar", &policy(condition))], None);
    read.is_err_and(|problems| {
        let problem = &problems[0].problem;
        problem.contains("nested deeper") || problem.contains("more than 128 operators")
    })
}

#[test]
fn what_is_nested_is_read_to_a_bound_and_refused_beyond() {
    for (name, shape) in SHAPES {
        let largest = (1..1000).take_while(|n| !is_too_large(&shape(*n))).last();
        let largest = largest.unwrap();
        assert!((25..=128).contains(&largest), "{name}: {largest}");
        for times in [largest + 1, 1000, 100_000] {
            assert!(is_too_large(&shape(times)), "{name} {times} times");
        }
        let texts = [policy(&shape(largest)), policy("true")];
        let thread = Builder::new().stack_size(STACK);
        let decided = thread.spawn(move || {
            let read = Rules::read(&[file("a.cedar", &texts.concat())], None);
            // Some of them are no conditions, as the validator says.
            read.ok().map(|rules| {
                let note = tool("note", Effect::Read);
                by_agent(&rules, &note, json!({})).verdict
            })
        });
        let decided = decided.unwrap().join().unwrap();
        assert!(decided.is_none_or(|verdict| verdict == Verdict::Deny));
    }
}

#[test]
fn what_is_long_and_not_deep_is_read() {
    let names: Vec<_> = (0..2000).map(|n| format!("Tool::\"t{n}\"")).collect();
    let text = policy(&format!("[{}].contains(resource)", names.join(", ")));
    let many = text.repeat(3) + "// ((((((((((((((((((((((((((((((((((((((((\n";
    assert_eq!(
        Rules::read(&[file("a.cedar", &many)], None).unwrap().len(),
        3
    );
    // Brackets in texts and comments are none; those behind a comment are.
    let quoted = policy(&format!(
        "context has session && context.session == \"{}\"",
        "\\\"(".repeat(50)
    ));
    Rules::read(&[file("a.cedar", &quoted)], None).unwrap();
    let hidden = around("(", "true", ")", 100);
    assert!(is_too_large(&format!("// \r {hidden}\n")));
}

#[test]
fn a_pattern_is_as_long_as_a_path_and_takes_so_many_steps() {
    let like = |length: usize| {
        let pattern = "a".repeat(length) + "b*";
        policy(&format!(
            "context.arguments.hasTag(\"x\") && context.arguments.getTag(\"x\") like \"*{pattern}\""
        ))
    };
    let said = problems(&like(2000));
    assert!(said[0].problem.contains("`like`"), "{said:?}");
    assert_eq!(said[0].line, 1);
    let text = "permit (principal, action, resource);\n".to_owned() + &like(900).repeat(4);
    let rules = Rules::read(&[file("a.cedar", &text)], None).unwrap();
    let note = tool("note", Effect::Read);
    let short = by_agent(&rules, &note, json!({ "x": "a".repeat(1000) }));
    assert_eq!(short.verdict, Verdict::Allow, "{}", short.reason);
    let long = by_agent(&rules, &note, json!({ "x": "a".repeat(60_000) }));
    assert_eq!(long.verdict, Verdict::Deny);
    assert!(
        long.reason.contains("more than one decision may take"),
        "{}",
        long.reason
    );
}

#[test]
fn an_image_brings_a_bounded_policy() {
    let text = policy("true").repeat(1500);
    let refused = Rules::read_narrowing(&[file("ADD a.cedar", &text)]).unwrap_err();
    assert!(
        refused[0].to_string().contains("at most 64 KiB"),
        "{refused:?}"
    );
}
