//! Agents with known answers, and a search that tries everything.

mod brute_force;

use super::*;
use crate::call_bound::CallBound;
use crate::network::HostPattern;

/// A tool, written as its rows: `ro /workspace`, `rw /home`, `env KEY`, `host example.org`,
/// `call other`, `call other at /workspace/a ro host *.example.org`.
pub(super) fn tool(name: &str, rows: &[&str]) -> FlowTool {
    let mut tool = FlowTool {
        name: name.to_owned(),
        directories: Vec::new(),
        variables: Vec::new(),
        hosts: Vec::new(),
        calls: BTreeMap::new(),
    };
    for row in rows {
        let words: Vec<_> = row.split(' ').collect();
        let directory = |access| FlowDirectory {
            guest: words[1].parse().unwrap(),
            place: words.get(2).unwrap_or(&words[1]).into(),
            access,
        };
        match words[0] {
            "ro" => tool.directories.push(directory(Access::ReadOnly)),
            "rw" => tool.directories.push(directory(Access::ReadWrite)),
            "env" => tool.variables.push(words[1].to_owned()),
            "host" => tool.hosts.push(words[1].parse().unwrap()),
            "call" => {
                let mut bound = CallBound::default();
                for pair in words[2..].chunks(2) {
                    match pair {
                        ["at", path] => {
                            let paths = bound.directories.get_or_insert_default();
                            paths.push(path.parse().unwrap());
                        }
                        ["access", "ro"] => bound.access = Some(Access::ReadOnly),
                        ["host", "none"] => bound.hosts = Some(Vec::new()),
                        ["host", host] => {
                            let host: HostPattern = host.parse().unwrap();
                            bound.hosts.get_or_insert_default().push(host);
                        }
                        other => panic!("{other:?}"),
                    }
                }
                tool.calls.insert(words[1].to_owned(), bound);
            }
            other => panic!("{other}"),
        }
    }
    tool
}

/// Each flow in a line: source, host, and `*` where the model passes the data on.
fn lines(tools: &[FlowTool]) -> Vec<String> {
    let line = |flow: &Flow| {
        let source = match &flow.source {
            FlowSource::Directory(path) => path.display().to_string(),
            FlowSource::Variable(name) => format!("${name}"),
        };
        let model = if flow.through_model { " *" } else { "" };
        format!("{source} > {}{model}", flow.host)
    };
    flows(tools).unwrap().iter().map(line).collect()
}

#[track_caller]
fn check(tools: &[FlowTool], expected: &[&str]) {
    assert_eq!(lines(tools), expected);
}

#[test]
fn a_tool_alone_sends_what_it_reads_and_its_variables() {
    check(
        &[tool("up", &["ro /workspace", "env KEY", "host a.org"])],
        &["/workspace > a.org", "$KEY > a.org"],
    );
}

#[test]
fn without_a_host_nothing_leaves() {
    check(&[tool("wc", &["ro /workspace"])], &[]);
    check(&[tool("get", &["host a.org"])], &[]);
}

#[test]
fn two_tools_that_share_nothing_meet_in_the_model_alone() {
    check(
        &[
            tool("read", &["ro /secret"]),
            tool("get", &["rw /workspace", "host a.org"]),
        ],
        &["/secret > a.org *", "/workspace > a.org"],
    );
}

#[test]
fn a_directory_that_one_writes_and_another_reads_is_a_way() {
    check(
        &[
            tool("copy", &["ro /secret", "rw /workspace"]),
            tool("put", &["ro /workspace/out", "host a.org"]),
        ],
        &[
            "/secret > a.org",
            "/workspace > a.org",
            "/workspace/out > a.org",
        ],
    );
    // A tool that only reads there brings nothing.
    check(
        &[
            tool("look", &["ro /secret", "ro /workspace"]),
            tool("put", &["ro /workspace/out", "host a.org"]),
        ],
        &[
            "/secret > a.org *",
            "/workspace > a.org",
            "/workspace/out > a.org",
        ],
    );
}

#[test]
fn one_name_for_two_places_is_no_way() {
    check(
        &[
            tool("copy", &["ro /secret", "rw /data /srv/one"]),
            tool("put", &["ro /data /srv/two", "host a.org"]),
        ],
        &[
            "/secret > a.org *",
            "/srv/one > a.org *",
            "/srv/two > a.org",
        ],
    );
}

#[test]
fn a_caller_sends_through_the_tool_that_it_calls() {
    check(
        &[
            tool("digest", &["ro /secret", "call curl"]),
            tool("curl", &["host a.org", "host b.org"]),
        ],
        &["/secret > a.org", "/secret > b.org"],
    );
    // By hand the model could still do it.
    check(
        &[
            tool("digest", &["ro /secret", "call curl host b.org"]),
            tool("curl", &["host a.org", "host b.org"]),
        ],
        &["/secret > a.org *", "/secret > b.org"],
    );
    check(
        &[
            tool("digest", &["ro /secret", "call curl host none"]),
            tool("curl", &["host a.org"]),
        ],
        &["/secret > a.org *"],
    );
}

#[test]
fn an_answer_goes_back_to_its_caller_and_to_no_other() {
    check(
        &[
            tool("ask", &["call vault", "host a.org"]),
            tool("vault", &["ro /secret"]),
        ],
        &["/secret > a.org"],
    );
    // `ping` calls `echo` too: it does not get what `read` gave to it.
    check(
        &[
            tool("read", &["ro /secret", "call echo"]),
            tool("ping", &["call echo", "host a.org"]),
            tool("echo", &[]),
        ],
        &["/secret > a.org *"],
    );
}

#[test]
fn bounds_of_the_calls_around_hold_for_the_calls_within() {
    check(
        &[
            tool("top", &["ro /secret", "call middle host b.org"]),
            tool("middle", &["call curl"]),
            tool("curl", &["host a.org", "host b.org"]),
        ],
        &["/secret > a.org *", "/secret > b.org"],
    );
    // A called tool that may only read cannot leave anything for others.
    check(
        &[
            tool("top", &["ro /secret", "call save access ro"]),
            tool("save", &["rw /workspace"]),
            tool("put", &["ro /workspace", "host a.org"]),
        ],
        &["/secret > a.org *", "/workspace > a.org"],
    );
    // A directory of which a part is passed on.
    check(
        &[
            tool("top", &["ro /secret", "call save at /workspace/in"]),
            tool("save", &["rw /workspace"]),
            tool("put", &["ro /workspace/out", "host a.org"]),
        ],
        &[
            // Called again, by itself, `save` moves it on.
            "/secret > a.org",
            "/workspace > a.org",
            "/workspace/out > a.org",
        ],
    );
    check(
        &[
            tool("top", &["ro /secret", "call save at /workspace/in"]),
            tool("save", &["ro /workspace/in", "rw /workspace/out"]),
            tool("put", &["ro /workspace/out", "host a.org"]),
        ],
        &[
            "/secret > a.org *",
            "/workspace/in > a.org",
            "/workspace/out > a.org",
        ],
    );
}

#[test]
fn tools_that_call_one_another_in_a_circle_have_an_end() {
    check(
        &[
            tool("a", &["ro /a", "call b host x.org"]),
            tool("b", &["ro /b", "call a"]),
            tool("c", &["call a", "host x.org", "host y.org"]),
        ],
        &["/a > x.org", "/a > y.org", "/b > x.org", "/b > y.org"],
    );
}

#[test]
fn patterns_of_hosts_meet() {
    check(
        &[
            tool("top", &["ro /secret", "call curl host *.b.org"]),
            tool("curl", &["host *", "host a.org"]),
        ],
        &["/secret > * *", "/secret > *.b.org", "/secret > a.org *"],
    );
}

#[test]
fn the_way_is_told_step_by_step() {
    let tools = [
        tool("copy", &["ro /secret", "rw /workspace"]),
        tool("put", &["ro /workspace", "call curl"]),
        tool("curl", &["host a.org"]),
    ];
    let flows = flows(&tools).unwrap();
    let text = |text: &str| text.to_owned();
    assert_eq!(
        flows[0].steps,
        [
            FlowStep::Read {
                tool: text("copy"),
                directory: Some("/secret".into())
            },
            FlowStep::Write {
                tool: text("copy"),
                directory: "/workspace".into()
            },
            FlowStep::Read {
                tool: text("put"),
                directory: Some("/workspace".into())
            },
            FlowStep::Call {
                from: text("put"),
                to: text("curl")
            },
            FlowStep::Send { tool: text("curl") },
        ]
    );
}

#[test]
fn a_thousand_ways_to_call_are_too_many_and_none_is_left_out() {
    // Every call has a bound of its own, so there is a context for each set of them.
    let names: Vec<_> = (0..12).map(|n| format!("t{n}")).collect();
    let tools: Vec<_> = names
        .iter()
        .map(|name| {
            let calls: Vec<_> = names
                .iter()
                .map(|other| format!("call {other} host {name}.{other}.org"))
                .collect();
            tool(name, &calls.iter().map(String::as_str).collect::<Vec<_>>())
        })
        .collect();
    assert_eq!(flows(&tools), Err(FlowError::TooMuch));
}
