//! Limits: the manifest lowers them and asks for more, the operator gives more, up to the ceiling.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::{agentfile, grant};
use crate::support::components::built;
use crate::support::{Host, Ran, Scratch, cofferdam};

/// Every setting of a table, by its key there, as sentences tell it.
fn settings(scratch: &Scratch, table: &str) -> BTreeMap<String, String> {
    let shown = cofferdam(scratch, ["config", "show", "--format", "json"])
        .run()
        .exits(0)
        .json();
    let settings = shown["settings"].as_array().expect("a list").iter();
    let of = |setting: &Value| {
        let key = setting["key"]
            .as_str()?
            .strip_prefix(table)?
            .strip_prefix('.')?;
        let value = &setting["value"];
        let text = value.as_u64().map(grouped);
        Some((key.to_owned(), text.or(value.as_str().map(str::to_owned))?))
    };
    settings.filter_map(of).collect()
}

/// A number as people read it: `20_000_000_000`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev();
    let groups: Vec<_> = groups.map(String::from_utf8_lossy).collect();
    groups.join("_")
}

fn table(head: &str, values: &BTreeMap<String, String>) -> String {
    values
        .iter()
        .fold(format!("{head}\n"), |text, (key, value)| {
            text + &format!("{key} = \"{value}\"\n")
        })
}

fn run(scratch: &Scratch, component: &Path, flags: &[&str]) -> Ran {
    let line = [
        "tool".into(),
        "run".into(),
        component.as_os_str().to_owned(),
        "--format".into(),
        "json".into(),
    ];
    cofferdam(
        scratch,
        line.into_iter().chain(flags.iter().map(Into::into)),
    )
    .run()
}

#[test]
fn a_manifest_gets_no_limit_above_its_default_and_all_of_them_from_the_operator() {
    let scratch = Scratch::new();
    let (defaults, ceilings) = (settings(&scratch, "limits"), settings(&scratch, "ceiling"));
    let asked: BTreeMap<_, _> = ceilings
        .into_iter()
        .filter(|(key, value)| defaults[key] != *value)
        .collect();
    assert!(asked.len() > 15, "most limits can be raised: {asked:?}");
    let component = built(&scratch, "greedy", "args_echo", &table("[limits]", &asked));

    let inspect = ["tool".as_ref(), "inspect".as_ref(), component.as_os_str()];
    let shown = cofferdam(
        &scratch,
        inspect
            .into_iter()
            .chain(["--format".as_ref(), "json".as_ref()]),
    )
    .run()
    .exits(0);
    for limit in shown.json()["limits"].as_array().expect("a list") {
        let name = limit["name"].as_str().expect("text");
        assert_eq!(limit["given"], *defaults[name], "{name}");
        assert_eq!(
            limit["asked"].as_str(),
            asked.get(name).map(String::as_str),
            "{name}"
        );
    }
    let table_of = cofferdam(&scratch, inspect).run().exits(0).stdout;
    assert!(table_of.contains("from its operator alone"), "{table_of}");

    let told = run(&scratch, &component, &[]).exits(0).stderr;
    for (key, value) in &asked {
        let sentence = format!("asks for `{key}` = {value}, and it gets {}", defaults[key]);
        assert!(told.contains(&sentence), "{sentence}: {told}");
    }
    // The line that was told gives all of it.
    let flags = told
        .lines()
        .find_map(|line| line.split_once("to give it more, add "))
        .expect("a line")
        .1;
    let flags: Vec<_> = flags.split(' ').collect();
    assert!(
        !run(&scratch, &component, &flags)
            .exits(0)
            .stderr
            .contains("asks for"),
        "{flags:?}"
    );

    // An agent's tool: the same, and the row that was told gives all of it.
    let file = agentfile(&scratch, &format!("BIN greedy {}\n", component.display()));
    let mut host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    assert_eq!(
        host.has_said("agent a: greedy gets nothing but its input"),
        1
    );
    assert_eq!(host.has_said(" its manifest asks for `"), asked.len());
    host.kill();
    let access = ["tool", "inspect", "--agent", "a", "--format", "json"];
    let tool = cofferdam(&scratch, access).run().exits(0).json()["tools"][0].take();
    assert_eq!(
        (
            tool["limits"].as_array(),
            tool["withheld"].as_array().map(Vec::len)
        ),
        (Some(&vec![]), Some(asked.len()))
    );
    let told = cofferdam(&scratch, &access[..4]).run().exits(0).stderr;
    let rows = told
        .split_once("write into cofferdam.toml\n")
        .expect("the rows")
        .1;
    scratch.file("data/cofferdam.toml", rows);
    let given = cofferdam(&scratch, access).run().exits(0).json()["tools"][0].take();
    assert_eq!(given["withheld"], serde_json::json!([]), "{rows}");
    let values: BTreeMap<_, _> = given["limits"]
        .as_array()
        .expect("a list")
        .iter()
        .map(value)
        .collect();
    assert_eq!(values, asked);
}

fn value(limit: &Value) -> (String, String) {
    let text = |key: &str| limit[key].as_str().expect("text").to_owned();
    (text("name"), text("value"))
}

#[test]
fn what_is_given_is_what_holds() {
    let scratch = Scratch::new();
    let spinner = built(
        &scratch,
        "spinner",
        "cpu_spin",
        "[limits]\nfuel = 50_000_000\n",
    );
    let config = "[limits]\nfuel = 5_000_000\n[ceiling]\nfuel = 40_000_000\n";
    scratch.file("data/cofferdam.toml", config);
    let fuel = |flags: &[&str]| run(&scratch, &spinner, flags).exits(3).json()["fuel"].as_u64();
    assert_eq!(fuel(&[]), Some(5_000_000));
    assert_eq!(fuel(&["--fuel", "30_000_000"]), Some(30_000_000));
    assert_eq!(fuel(&["--limit", "fuel=40_000_000"]), Some(40_000_000));
    let told = run(&scratch, &spinner, &[]).stderr;
    assert!(
        told.contains(
            "= 50_000_000, and it gets 5_000_000 (the ceiling of this host is 40_000_000)"
        ),
        "{told}"
    );
    assert!(
        told.contains("to give it more, add --fuel 40_000_000"),
        "{told}"
    );
    // What a manifest lowers stays lowered.
    let modest = built(&scratch, "modest", "cpu_spin", "[limits]\nfuel = 1_000\n");
    assert_eq!(run(&scratch, &modest, &[]).exits(3).json()["fuel"], 1_000);
    for (flag, parts) in [
        ("fuel", ["expected NAME=VALUE", "written=1GiB"]),
        ("fule=1", ["no limit `fule`", "fuel, wall"]),
        ("written=1", ["`1` is not a size", "64MiB"]),
        ("fuel=41_000_000", ["`fuel` = 41_000_000", "40_000_000"]),
    ] {
        run(&scratch, &spinner, &["--limit", flag])
            .exits(2)
            .complains(&parts);
    }
    run(&scratch, &spinner, &["--fuel", "1", "--limit", "fuel=2"])
        .exits(2)
        .complains(&["`fuel` is given twice"]);

    // An agent's tool, without and with the operator's row; nobody else's changes.
    let bins = format!("BIN one {0}\nBIN other {0}\n", spinner.display());
    let file = agentfile(&scratch, &bins);
    scratch.file(
        "data/cofferdam.toml",
        format!("{config}{}limits = {{ fuel = 30_000_000 }}\n", grant("one")),
    );
    let mut host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let line = format!(
        "{}:7\n  limits = {{ fuel = \"40_000_000\" }}",
        scratch.data().join("cofferdam.toml").display()
    );
    let (place, row) = line.split_once('\n').expect("two lines");
    assert_eq!((host.has_said(place), host.has_said(row)), (1, 2));
    for (tool, fuel) in [("one", "fuel=30000000 "), ("other", "fuel=5000000 ")] {
        host.chat("a", &format!("run {tool}"));
        let line = host.hears(&format!("tool call tool=\"{tool}\""));
        assert!(
            line.contains(fuel) && line.contains("outcome=\"out-of-fuel\""),
            "{line}"
        );
    }
}

#[test]
fn every_value_that_is_shown_can_be_written() {
    let scratch = Scratch::new();
    let shown =
        |scratch: &Scratch| ["host", "limits", "ceiling"].map(|table| settings(scratch, table));
    let [host, limits, ceiling] = shown(&scratch);
    let number = |(key, value): (&String, &String)| match value.parse::<u32>() {
        Ok(number) => format!("{key} = {number}\n"),
        Err(_) if key == "agents" => format!("{key} = {value}\n"),
        Err(_) => format!("{key} = \"{value}\"\n"),
    };
    let host_table: String = host.iter().map(number).collect();
    let text = format!(
        "[host]\n{host_table}{}{}",
        table("[limits]", &limits),
        table("[ceiling]", &ceiling)
    );
    scratch.file("data/cofferdam.toml", text);
    assert_eq!(shown(&scratch), [host, limits, ceiling]);
}
