//! Decisions of whole policies.

mod book;
mod bounds;
mod truth_table;

use std::path::PathBuf;
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use cofferdam_call::Descriptor;
use cofferdam_capability::{Account, Ceiling, Decision, Digest, Grant, Manifest, ToolName};
use cofferdam_sandbox::Invocation;
use serde_json::{Value, json};

use super::rules::SCHEMA;
use super::*;
use crate::effect::Effect;
use crate::host_tool::{HostAnswer, HostTool};
use crate::origin::Origin;
use crate::review::ReviewRule;

#[derive(Debug)]
struct Stub {
    name: &'static str,
    effect: Effect,
}

impl HostTool for Stub {
    fn descriptor(&self) -> Descriptor {
        Descriptor {
            name: ToolName::made_of(self.name),
            description: "a tool".to_owned(),
            input_schema: json!({ "type": "object" }),
            output_schema: None,
        }
    }

    fn effect(&self) -> Effect {
        self.effect
    }

    fn call(&self, _: Value) -> HostAnswer<'_> {
        Box::pin(async { Ok(String::new()) })
    }
}

fn tool(name: &'static str, effect: Effect) -> Tool {
    let grant = Grant::new(
        name,
        Digest::of(name.as_bytes()),
        &Manifest::empty(),
        &Ceiling::default(),
        Decision::default(),
    );
    Tool::host(Arc::new(Stub { name, effect }), Arc::new(grant.unwrap())).unwrap()
}

fn file(name: &str, text: &str) -> PolicyFile {
    PolicyFile {
        name: name.to_owned(),
        text: text.to_owned(),
    }
}

fn rules(text: &str) -> Rules {
    Rules::read(&[file("a.cedar", text)], None).unwrap()
}

fn problems(text: &str) -> Vec<PolicyProblem> {
    Rules::read(&[file("a.cedar", text)], None).unwrap_err()
}

fn asked(rules: &Rules, tool: &Tool, origin: Origin, input: Value) -> Decided {
    let invocation = Invocation::Typed {
        tool: tool.name().to_owned(),
        input: input.to_string(),
    };
    let question = Question {
        tool,
        chain: &Chain::of(tool, origin, String::new()),
        caller: None,
        invocation: &invocation,
        account: &Account::new(cofferdam_capability::Bytes(1 << 20)),
    };
    decide_by(rules, &no_reviews(), question)
}

#[allow(clippy::disallowed_methods, reason = "the directory of this test")]
fn no_reviews() -> ReviewGate {
    let directory = tempfile::tempdir().unwrap();
    let data = Dir::open_ambient_dir(directory.path(), ambient_authority()).unwrap();
    ReviewGate::new(&data, PathBuf::new(), ReviewRule::None).unwrap()
}

fn by_agent(rules: &Rules, tool: &Tool, input: Value) -> Decided {
    asked(rules, tool, Origin::session("demo", "s1"), input)
}

#[test]
fn without_a_policy_agents_call_what_they_have() {
    let tool = tool("wc", Effect::External);
    let decided = by_agent(&Rules::default_rules(), &tool, json!({}));
    assert_eq!(decided.verdict, Verdict::Allow);
    assert_eq!(decided.policies, [DEFAULT]);
}

#[test]
fn every_profile_is_valid_and_does_as_it_says() {
    let expected = |profile, effect| match (profile, effect) {
        (PolicyProfile::Open, _) | (_, Effect::Pure) => Verdict::Allow,
        (PolicyProfile::AskOnWrite, Effect::Read) => Verdict::Allow,
        (PolicyProfile::AskOnWrite, _) => Verdict::Pending,
        // A tool of the host, as the one here is.
        (PolicyProfile::Strict, _) => Verdict::Allow,
    };
    for profile in PolicyProfile::ALL {
        for effect in Effect::ALL {
            // Anew, because the same name stands for another tool each time.
            let rules = rules(profile.text());
            assert!(rules.warnings().is_empty(), "{:?}", rules.warnings());
            let tool = tool("note", effect);
            let decided = by_agent(&rules, &tool, json!({}));
            assert_eq!(
                decided.verdict,
                expected(profile, effect),
                "{profile:?} {effect}"
            );
            let decided = asked(&rules, &tool, Origin::default(), json!({}));
            assert_eq!(
                decided.verdict,
                Verdict::Allow,
                "the operator under {profile:?}"
            );
        }
    }
}

#[test]
fn a_decision_names_the_policies_that_made_it() {
    let rules = rules(
        "permit (principal, action, resource);\n\
         @id(\"no-notes\")\n\
         forbid (principal, action, resource == Tool::\"note\");\n",
    );
    let decided = by_agent(&rules, &tool("note", Effect::Write), json!({}));
    assert_eq!(decided.verdict, Verdict::Deny);
    assert_eq!(decided.policies, ["a.cedar:2 no-notes"]);
    assert!(
        decided.reason.contains("a.cedar:2 no-notes"),
        "{}",
        decided.reason
    );
    let decided = by_agent(&rules, &tool("wc", Effect::Write), json!({}));
    assert_eq!(decided.verdict, Verdict::Allow);
    assert_eq!(decided.policies, ["a.cedar:1"]);
}

#[test]
fn two_values_of_an_input_have_two_places() {
    let tagged = |tag: &str| {
        format!(
            "forbid (principal, action, resource) when {{ context.arguments.hasTag(\"{tag}\") && \
             context.arguments.getTag(\"{tag}\") == \"secret\" }};\n"
        )
    };
    let permit = "permit (principal, action, resource);\n".to_owned();
    let rules = rules(&(permit + &tagged("a.b") + &tagged("l.0") + &tagged("x\\\\.y")));
    let note = tool("note", Effect::Read);
    let verdict = |input: Value| by_agent(&rules, &note, input).verdict;
    let secret = json!({ "b": "secret" });
    for denied in [
        json!({ "a": secret }),
        json!({ "a": secret, "a.b": "harmless" }),
        json!({ "a": secret, "": { "a": { "b": "harmless" } } }),
        json!({ "a": secret, "": { "a.b": "harmless" } }),
        json!({ "l": ["secret"], "l.0": "harmless" }),
        json!({ "x.y": "secret" }),
    ] {
        assert_eq!(verdict(denied.clone()), Verdict::Deny, "{denied}");
    }
    for allowed in [
        json!({ "a.b": "secret" }),
        json!({ "l": { "0": "secret" } }),
        json!({ "x\\": { "y": "secret" } }),
        json!({ "": { "a": secret } }),
    ] {
        assert_eq!(verdict(allowed.clone()), Verdict::Allow, "{allowed}");
    }
}

#[test]
fn arguments_are_read_by_their_places() {
    let limiting = rules(
        "permit (principal, action, resource);\n\
         forbid (principal, action, resource) when {\n\
           context.arguments.hasTag(\"options.path\") &&\n\
           context.arguments.getTag(\"options.path\") like \"/etc/*\"\n\
         };",
    );
    let tool = tool("note", Effect::Read);
    let verdict = |input| by_agent(&limiting, &tool, input).verdict;
    assert_eq!(
        verdict(json!({ "options": { "path": "/etc/passwd" } })),
        Verdict::Deny
    );
    assert_eq!(
        verdict(json!({ "options": { "path": "/workspace" } })),
        Verdict::Allow
    );
    assert_eq!(verdict(json!({ "options": [1, null] })), Verdict::Allow);
    // Of what is too long to be read nobody knows if the policy forbids it.
    let decided = by_agent(&limiting, &tool, json!({ "a": "x".repeat(70_000) }));
    assert_eq!(decided.verdict, Verdict::Deny);
    assert!(
        decided.reason.contains("longer than policies read"),
        "{}",
        decided.reason
    );
    // And it does not matter where no policy reads it.
    let open = rules("permit (principal, action, resource);");
    let decided = by_agent(&open, &tool, json!({ "a": "x".repeat(70_000) }));
    assert_eq!(decided.verdict, Verdict::Allow);
}

#[test]
fn a_session_is_part_of_the_circumstances() {
    let rules = rules(
        "permit (principal == Agent::\"demo\", action, resource)\n\
         when { context has session && context.session == \"s1\" };",
    );
    let tool = tool("note", Effect::Read);
    let verdict =
        |session| asked(&rules, &tool, Origin::session("demo", session), json!({})).verdict;
    assert_eq!(verdict("s1"), Verdict::Allow);
    assert_eq!(verdict("s2"), Verdict::Deny);
    assert_eq!(verdict("s1"), Verdict::Allow);
}

#[test]
fn a_policy_that_cannot_be_evaluated_denies() {
    // An overflow is found when the policy runs, not before.
    let rules = rules(
        "permit (principal, action, resource);\n\
         forbid (principal, action, resource)\n\
         when { context.depth + 9223372036854775807 + 1 > 0 };",
    );
    let decided = by_agent(&rules, &tool("note", Effect::Read), json!({}));
    assert_eq!(decided.verdict, Verdict::Deny);
    assert!(
        decided.reason.contains("could not be evaluated"),
        "{}",
        decided.reason
    );
}

#[test]
fn mistakes_are_told_with_their_places() {
    let first = |text: &str| problems(text).first().unwrap().to_string();
    let told =
        first("permit (principal, action, resource)\nwhen { resource.efect == Effect::\"pure\" };");
    assert!(told.starts_with("a.cedar:2:"), "{told}");
    assert!(told.contains("efect"), "{told}");
    let told = first("\n\npermit (principal, action, resource;");
    assert!(told.starts_with("a.cedar:3:"), "{told}");
    let told = first("permit (principal, action == Action::\"cal\", resource);");
    assert!(told.starts_with("a.cedar:1:"), "{told}");
    assert!(told.contains("cal"), "{told}");
    let told = first("permit (principal == ?principal, action, resource);");
    assert!(told.contains("template"), "{told}");
    let told = first(
        "permit (principal, action, resource) when { resource.effect == Effect::\"wirte\" };",
    );
    assert!(told.contains("wirte"), "{told}");
    // All of a file at once.
    assert_eq!(
        problems(
            "permit (principal, action, resource) when { resource.a };\n\
                         permit (principal, action, resource) when { resource.b };"
        )
        .len(),
        2
    );
}

#[test]
fn an_image_can_only_forbid() {
    let narrow = |text: &str| Rules::read_narrowing(&[file("image.cedar", text)]);
    let problems = narrow("\npermit (principal, action, resource);").unwrap_err();
    assert_eq!(problems.len(), 1);
    assert!(
        problems[0].to_string().starts_with("image.cedar:2:"),
        "{}",
        problems[0]
    );
    let narrowing = narrow(
        "forbid (principal, action == Action::\"callUnattended\", resource == Tool::\"note\");",
    )
    .unwrap();
    let note = tool("note", Effect::Read);
    assert_eq!(
        by_agent(&narrowing, &note, json!({})).verdict,
        Verdict::Pending
    );
    let other = tool("wc", Effect::Read);
    assert_eq!(
        by_agent(&narrowing, &other, json!({})).verdict,
        Verdict::Allow
    );
    let stricter = by_agent(&Rules::default_rules(), &note, json!({})).and(by_agent(
        &narrowing,
        &note,
        json!({}),
    ));
    assert_eq!(stricter.verdict, Verdict::Pending);
}

#[test]
fn roles_are_given_beside_the_policies() {
    let policies = file(
        "a.cedar",
        "permit (principal in Role::\"staff\", action, resource);",
    );
    let roles = file(
        "entities.json",
        r#"[{"uid":{"type":"Agent","id":"demo"},"attrs":{},
             "parents":[{"type":"Role","id":"dev"}]},
            {"uid":{"type":"Role","id":"dev"},"attrs":{},
             "parents":[{"type":"Role","id":"staff"}]}]"#,
    );
    let rules = Rules::read(std::slice::from_ref(&policies), Some(&roles)).unwrap();
    let tool = tool("note", Effect::Read);
    assert_eq!(by_agent(&rules, &tool, json!({})).verdict, Verdict::Allow);
    let other = asked(&rules, &tool, Origin::session("other", "s"), json!({}));
    assert_eq!(other.verdict, Verdict::Deny);
    // Nothing else can be said there.
    let lies = file(
        "entities.json",
        r#"[{"uid":{"type":"Operator","id":"operator"},"attrs":{},"parents":[]}]"#,
    );
    let problems = Rules::read(&[policies], Some(&lies)).unwrap_err();
    assert!(
        problems[0].to_string().contains("only agents and roles"),
        "{}",
        problems[0]
    );
}

#[test]
fn a_changed_byte_never_permits_by_accident() {
    let text = "@id(\"all\")\npermit (principal, action, resource);\n\
                // Nobody writes notes.\n\
                forbid (principal is Agent, action, resource == Tool::\"note\")\n\
                unless { resource.effect == Effect::\"pure\" };\n";
    let note = tool("note", Effect::Write);
    let original = shape(&rules(text));
    assert_eq!(
        by_agent(&rules(text), &note, json!({})).verdict,
        Verdict::Deny
    );
    for place in 0..text.len() {
        for byte in [b' ', b'"', b'/', b'(', b';', b'}', b'a', b'*', 0, b'\n'] {
            let mut bytes = text.as_bytes().to_vec();
            bytes[place] = byte;
            let Ok(changed) = String::from_utf8(bytes) else {
                continue;
            };
            // What cannot be read denies everything.
            let Ok(read) = Rules::read(&[file("a.cedar", &changed)], None) else {
                continue;
            };
            if by_agent(&read, &note, json!({})).verdict != Verdict::Deny {
                // Then the policy says something else, and not the same in other words.
                assert_ne!(shape(&read), original, "at {place}: {changed}");
            }
        }
    }
}

/// The policies as they are understood, without their places.
fn shape(rules: &Rules) -> Vec<String> {
    rules
        .policies
        .iter()
        .map(|policy| policy.to_json().unwrap().to_string())
        .collect()
}

#[test]
fn a_policy_is_found_by_all_that_it_can_name() {
    let note = tool("note", Effect::Read);
    let component = note.grant().component().to_string();
    let roles = file(
        "entities.json",
        r#"[{"uid":{"type":"Agent","id":"demo"},"attrs":{},"parents":[{"type":"Role","id":"dev"}]},
            {"uid":{"type":"Role","id":"dev"},"attrs":{},"parents":[]}]"#,
    );
    let covers = |scope: &str| {
        let text = format!("permit (principal, action, resource);\nforbid ({scope});");
        let rules = Rules::read(&[file("a.cedar", &text)], Some(&roles)).unwrap();
        by_agent(&rules, &note, json!({})).verdict == Verdict::Deny
    };
    for scope in [
        "principal, action, resource",
        "principal is Agent, action, resource is Tool",
        "principal == Agent::\"demo\", action, resource",
        "principal in Agent::\"demo\", action, resource",
        "principal in Role::\"dev\", action, resource",
        "principal is Agent in Role::\"dev\", action, resource",
        "principal, action, resource == Tool::\"note\"",
        "principal, action, resource in Tool::\"note\"",
        &format!(
            "principal, action, resource in Bin::\"{}\"",
            note.grant().tool()
        ),
        &format!("principal, action, resource is Tool in Component::\"{component}\""),
        "principal in Role::\"dev\", action, resource == Tool::\"note\"",
    ] {
        assert!(covers(scope), "{scope}");
    }
    for scope in [
        "principal == Agent::\"other\", action, resource",
        "principal in Role::\"other\", action, resource",
        "principal, action, resource == Tool::\"other\"",
        "principal, action, resource in Bin::\"other\"",
        "principal == Agent::\"demo\", action, resource == Tool::\"other\"",
        "principal == Agent::\"other\", action, resource == Tool::\"note\"",
    ] {
        assert!(!covers(scope), "{scope}");
    }
}

#[test]
fn the_examples_of_the_page_are_right() {
    let page = include_str!("../../README.md");
    let blocks = |language: &str| {
        let begin = format!("```{language}\n");
        let after = page.split(&begin).skip(1);
        let blocks = after.map(|rest| rest.split("```").next().unwrap().to_owned());
        blocks.collect::<Vec<_>>()
    };
    let roles = file("entities.json", &blocks("json")[0]);
    let policies = blocks("cedar");
    assert!(policies.len() >= 4);
    for policy in policies {
        let read = Rules::read(&[file("page.cedar", &policy)], Some(&roles)).unwrap();
        assert!(read.warnings().is_empty(), "{:?}", read.warnings());
    }
    // Every place of a tool and of a call that the schema has is on the page.
    let attributes = SCHEMA
        .lines()
        .filter_map(|line| line.trim().split_once(": "));
    for (name, _) in attributes.filter(|(name, _)| !name.starts_with("//")) {
        let name = name.trim_end_matches('?');
        if !["principal", "resource", "context"].contains(&name) {
            assert!(page.contains(name), "{name} is not on the page");
        }
    }
}
