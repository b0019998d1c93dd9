//! The decisions of a system of roles and rules, written in Cedar.

use super::*;

/// The decisions of the system that this one replaces, in its own words: roles, rules of tools,
/// rules of operation classes. Written anew in Cedar, each cell decides as it says.
#[test]
fn the_truth_table_of_roles_rules_and_classes() {
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Roles {
        None,
        Missing,
        Present,
    }
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Rule {
        None,
        Fits,
        Lacks,
    }
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Class {
        Allow,
        Ask,
        Deny,
        None,
    }
    let mut cells = 0;
    for roles in [Roles::None, Roles::Missing, Roles::Present] {
        for rule in [Rule::None, Rule::Fits, Rule::Lacks] {
            for class in [Class::Allow, Class::Ask, Class::Deny, Class::None] {
                for named in [true, false] {
                    cells += 1;
                    let mut text = String::new();
                    // A tool that its agent names is permitted; a role that is asked for must be
                    // there; a rule wants a role; a class may forbid, or ask.
                    if named {
                        text.push_str("permit (principal, action, resource == Tool::\"note\");\n");
                    }
                    if roles != Roles::None {
                        text.push_str(
                            "forbid (principal, action, resource)\n\
                             unless { principal in Role::\"asked\" };\n",
                        );
                    }
                    if rule != Rule::None {
                        text.push_str(
                            "forbid (principal, action, resource == Tool::\"note\")\n\
                             unless { principal in Role::\"writer\" };\n",
                        );
                    }
                    match class {
                        Class::Ask => text.push_str(
                            "forbid (principal, action == Action::\"callUnattended\", resource)\n\
                             when { resource.effect == Effect::\"write\" };\n",
                        ),
                        Class::Deny => text.push_str(
                            "forbid (principal, action, resource)\n\
                             when { resource.effect == Effect::\"write\" };\n",
                        ),
                        Class::Allow => text.push_str(
                            "permit (principal, action, resource)\n\
                             when { resource.effect == Effect::\"write\" };\n",
                        ),
                        Class::None => {}
                    }
                    let mut parents = Vec::new();
                    if roles == Roles::Present {
                        parents.push(json!({ "type": "Role", "id": "asked" }));
                    }
                    if rule == Rule::Fits {
                        parents.push(json!({ "type": "Role", "id": "writer" }));
                    }
                    let mut entities = vec![json!({
                        "uid": { "type": "Agent", "id": "demo" }, "attrs": {}, "parents": parents,
                    })];
                    for role in ["asked", "writer"] {
                        entities.push(json!({
                            "uid": { "type": "Role", "id": role }, "attrs": {}, "parents": [],
                        }));
                    }
                    let roles_file = file("entities.json", &Value::from(entities).to_string());
                    let rules = Rules::read(&[file("a.cedar", &text)], Some(&roles_file)).unwrap();
                    let expected = if roles == Roles::Missing
                        || rule == Rule::Lacks
                        || class == Class::Deny
                        || !(named || class == Class::Allow)
                    {
                        Verdict::Deny
                    } else if class == Class::Ask {
                        Verdict::Pending
                    } else {
                        Verdict::Allow
                    };
                    let decided = by_agent(&rules, &tool("note", Effect::Write), json!({}));
                    assert_eq!(
                        decided.verdict, expected,
                        "{roles:?} {rule:?} {class:?} named: {named}\n{text}"
                    );
                }
            }
        }
    }
    assert_eq!(cells, 72);
}
