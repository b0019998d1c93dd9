//! Instructions that set something: `ARG`, `CONFIG`, `ENV`, `EXEC`, `RUNTIME`, `CAPABILITY`.

use super::*;
use crate::agentfile::{Config, ConfigValue, Env, SamplingRequest, WorkspaceRequest, format};

fn config(key: &str, value: Option<ConfigValue>) -> Config {
    Config {
        key: key.to_owned(),
        value,
        description: None,
        required: false,
    }
}

#[test]
fn every_setting() {
    let text = r##"FROM scratch
arg WHO=otter
ARG NONE
ARG LONG="a b" 
NAME ${WHO}-1
MODEL script/${WHO}
RUNTIME ghcr.io/openotters/runtime:latest
EXEC ["serve", "--verbose", "a=b!"]
CONFIG max-tokens=4096 "how much it says"
CONFIG temperature=0.2
CONFIG stream=true
CONFIG word=${WHO}
CONFIG text="12"
CONFIG empty=""
CONFIG unset "nothing"
CONFIG key!
CONFIG max-tokens=1
ENV GREETING="hello ${WHO}" "how it greets"
ENV _X1=file:///a=b
CAPABILITY note_save agent-exec
CAPABILITY note_save
CONTEXT SOUL <<EOF
${WHO} stays
EOF
CONTEXT soul "again" <<EOF
second
EOF
LABEL unknown=${WHAT} 
LABEL long="${LONG}"
BIN wc ./wc.wasm
CONFIG limit.wc.fuel=1_000
CONFIG limit.wc.memory="16MiB"
CONFIG grant.wc.http="api.example.org, *.example.com:8443"
CONFIG grant.wc.tcp=db.example.org:5432
CONFIG grant.wc.workspace=ro
"##;
    let agentfile = parsed(text);
    assert_eq!(agentfile.name(), "otter-1");
    assert_eq!(agentfile.model(), "script/otter");
    assert_eq!(
        agentfile.runtime.as_ref().unwrap().to_string(),
        "ghcr.io/openotters/runtime:latest"
    );
    assert_eq!(agentfile.exec, ["serve", "--verbose", "a=b!"]);
    let text = |value: &str| Some(ConfigValue::Text(value.to_owned()));
    let expected = [
        config("temperature", Some(ConfigValue::Float(0.2))),
        config("stream", Some(ConfigValue::Bool(true))),
        config("word", text("otter")),
        config("text", text("12")),
        config("empty", text("")),
        Config {
            description: Some("nothing".to_owned()),
            ..config("unset", None)
        },
        Config {
            required: true,
            ..config("key", None)
        },
        config("max-tokens", Some(ConfigValue::Integer(1))),
    ];
    assert_eq!(agentfile.configs[..8], expected);
    assert_eq!(
        agentfile.envs,
        [
            Env {
                key: "GREETING".to_owned(),
                value: "hello otter".to_owned(),
                description: Some("how it greets".to_owned()),
            },
            Env {
                key: "_X1".to_owned(),
                value: "file:///a=b".to_owned(),
                description: None,
            },
        ]
    );
    let capabilities: Vec<_> = agentfile.capabilities.iter().collect();
    assert_eq!(capabilities, ["agent-exec", "note_save"]);
    // One of the same name takes its place.
    let [soul] = agentfile.contexts.as_slice() else {
        panic!("{:?}", agentfile.contexts)
    };
    assert_eq!(soul.content, "second");
    assert_eq!(agentfile.labels["unknown"], "${WHAT}");
    assert_eq!(agentfile.labels["long"], "a b");
    assert_eq!(agentfile.args["NONE"], None);
    let request = &agentfile.requests["wc"];
    assert_eq!(
        request
            .limits
            .rows()
            .iter()
            .map(|row| format!("{} {}", row.name, row.value))
            .collect::<Vec<_>>(),
        ["fuel 1_000", "memory 16MiB"]
    );
    assert_eq!(
        request
            .http
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>(),
        ["api.example.org", "*.example.com:8443"]
    );
    assert_eq!(request.tcp[0].to_string(), "db.example.org:5432");
    assert_eq!(
        request.workspace,
        Some(WorkspaceRequest::UpTo(
            cofferdam_capability::Access::ReadOnly
        ))
    );
}

#[test]
fn a_heredoc_keeps_its_words() {
    let agentfile =
        parsed("FROM scratch\nARG A=b\nNAME a\nMODEL a/b\nCONTEXT C <<EOF\n${A} \\$A `x`\nEOF\n");
    assert_eq!(agentfile.contexts[0].content, "${A} \\$A `x`");
}

#[test]
fn wrong_settings() {
    let form = "`EXEC` takes a list of strings, such as `[\"serve\", \"--verbose\"]`";
    let variable = "is not the name of a variable; write 1 to 128 of A-Z, 0-9 and `_`, the first \
                    no digit";
    let provider = "looks like the key of a model provider, which no tool sees; give a tool a \
                    secret with `[[grant]] secrets`, or this variable another name";
    for (line, expected) in [
        (
            "RUNTIME",
            "4:8: expected the image of a runtime, found the end of the line".to_owned(),
        ),
        (
            "RUNTIME a b",
            "4:11: `b` is left over; `RUNTIME` takes one image".to_owned(),
        ),
        (
            "RUNTIME a\nRUNTIME b",
            "5:1: `RUNTIME` stands on lines 4 and 5; keep one of them".to_owned(),
        ),
        ("EXEC serve", format!("4:6: found `serve`; {form}")),
        (
            "EXEC [\"a\"",
            "4:10: expected `,` or `]`, found the end of the line".to_owned(),
        ),
        ("EXEC [\"a\" \"b\"]", format!("4:11: found `\"b\"`; {form}")),
        ("EXEC [a]", format!("4:6: found `[a]`; {form}")),
        ("EXEC [\"a\"] b", format!("4:12: `b` is left over; {form}")),
        (
            "CONFIG",
            "4:7: expected a key, found the end of the line".to_owned(),
        ),
        (
            "CONFIG key!=value",
            "4:8: `key` is required, so who runs the agent gives its value; leave out `!` or the \
             value"
                .to_owned(),
        ),
        (
            "CONFIG kéy=1",
            "4:8: a key is 1 to 128 letters, digits and `.` `-` `_`; `kéy` is not".to_owned(),
        ),
        (
            "CONFIG key=",
            "4:12: expected a value; write `\"\"` for an empty one, found the end of the line"
                .to_owned(),
        ),
        (
            "CONFIG key=a b",
            "4:14: `b` is left over; a setting is `CONFIG key[!][=value] [\"description\"]`"
                .to_owned(),
        ),
        (
            "CONFIG limit.wc.fuel=1",
            "4:8: there is no BIN `wc`; this Agentfile has no BIN".to_owned(),
        ),
        (
            "BIN jq jq\nCONFIG limit.wc.fuel=1",
            "5:8: there is no BIN `wc`; the BINs are jq".to_owned(),
        ),
        (
            "CONFIG limit.turn.walls=5s",
            "4:8: there is no limit `walls` of the turn; the limits are fuel, wall, bytes, calls \
             and tokens"
                .to_owned(),
        ),
        (
            "BIN jq jq\nCONFIG limit.workspace.byte=1MiB",
            "5:8: there is no limit `byte` of the workspace; the limits are bytes and entries"
                .to_owned(),
        ),
        (
            "BIN jq jq\nCONFIG limit.jq=1",
            "5:8: a key for a BIN is written `limit.BIN.fuel` or `grant.BIN.http`; `limit.jq` \
             lacks the name of a BIN or what is asked for it"
                .to_owned(),
        ),
        (
            "BIN jq jq\nCONFIG limit.jq.fuel",
            "5:8: `limit.jq.fuel` asks for nothing; write `=` and a value".to_owned(),
        ),
        (
            "BIN jq jq\nCONFIG limit.jq.fuel=many",
            "5:22: `many` is not a number: expected a whole number such as 20_000_000_000"
                .to_owned(),
        ),
        (
            "BIN jq jq\nCONFIG limit.jq.memory=16",
            "5:24: `16` is not a size: expected a number and a unit, such as 64MiB".to_owned(),
        ),
        (
            "BIN jq jq\nCONFIG grant.jq.files=/",
            "5:23: there is no grant `files`; an Agentfile can ask for http, tcp, workspace and \
             mounts"
                .to_owned(),
        ),
        (
            "BIN jq jq\nCONFIG grant.jq.workspace=all",
            "5:27: `all` is no access to the workspace; write `none`, `ro` or `rw`".to_owned(),
        ),
        (
            "BIN jq jq\nCONFIG grant.jq.tcp=db",
            "5:21: \"db\" names no port: expected HOST:PORT, such as db.example.org:5432"
                .to_owned(),
        ),
        ("ENV path=1", format!("4:5: `path` {variable}")),
        ("ENV 1A=1", format!("4:5: `1A` {variable}")),
        (
            "ENV HOME=/",
            "4:5: `HOME` is set by the host; give this variable another name".to_owned(),
        ),
        (
            "ENV OTTERS_AGENT_ROOT=/",
            "4:5: `OTTERS_AGENT_ROOT` is set by the host; give this variable another name"
                .to_owned(),
        ),
        (
            "ENV OPENAI_API_KEY=x",
            format!("4:5: `OPENAI_API_KEY` {provider}"),
        ),
        (
            "ENV A",
            "4:6: expected `=` and the variable's value, found the end of the line".to_owned(),
        ),
        (
            "ARG a-b=1",
            "4:5: the name of an `ARG` is 1 to 128 letters, digits and `_`; `a-b` is not"
                .to_owned(),
        ),
        (
            "CAPABILITY",
            "4:11: expected the name of a capability, found the end of the line".to_owned(),
        ),
        (
            "CAPABILITY a b.c",
            "4:14: the name of a capability is 1 to 128 letters, digits and `_` `-`; `b.c` is not"
                .to_owned(),
        ),
    ] {
        check_refused(&format!("{LEAST}{line}\n"), &expected);
    }
}

#[test]
fn places_are_those_of_the_file_as_it_is_written() {
    check_refused(
        "FROM scratch\nARG LONG=\"a very long text\"\nNAME a\nMODEL a/b\nLABEL a=\"${LONG}\" b\n",
        "5:19: `b` is left over; a label is one `key=value`, and a value with spaces, `=` or `!` \
         stands in double quotes",
    );
}

#[test]
fn the_layout_keeps_the_meaning() {
    let text = "# syntax=openotters/agentfile:1\n\n\n  # who\nfrom   scratch\t\nArg A = \"x y\"\n\
                name otter\n\n\n\nMODEL a/b  \nexec [ \"a\" ,\"b\\n\" ]\nCONFIG k ! \"why\"\n\
                CONFIG n = 1\nBIN wc   ./wc.wasm \"c\\\"\" <<EOF\n\n  wc  -l \n\n  EOF\n\
                LABEL l=${A}\n\n";
    let expected = "# syntax=openotters/agentfile:1\n\n# who\nFROM scratch\nARG A=\"x y\"\n\
                    NAME otter\n\nMODEL a/b\nEXEC [\"a\", \"b\\n\"]\nCONFIG k! \"why\"\n\
                    CONFIG n=1\nBIN wc ./wc.wasm \"c\\\"\" <<EOF\n\n  wc  -l \n\nEOF\n\
                    LABEL l=${A}\n";
    // The label's value would be two words.
    let text = text.replace("LABEL l=${A}", "LABEL l=\"${A}\"");
    let expected = expected.replace("LABEL l=${A}", "LABEL l=\"${A}\"");
    let formatted = format(&text, "f").unwrap();
    assert_eq!(formatted, expected);
    assert_eq!(format(&formatted, "f").unwrap(), formatted);
    assert_eq!(parsed(&formatted), parsed(&text));
    assert!(format("FROM scratch\nNAME .\n", "f").is_err());
    // What it builds on need not be at hand.
    let child = format("from  base:1\nadd ./a.csv   b.csv \"towns\"\n", "f").unwrap();
    assert_eq!(child, "FROM base:1\nADD ./a.csv b.csv \"towns\"\n");
}

#[test]
fn settings_of_a_model_have_bounds() {
    let sampling = |lines: &str| SamplingRequest::of(&parsed(&format!("{LEAST}{lines}")).configs);
    let all = "CONFIG max-tokens=1_0\n";
    check_refused(
        &format!("{LEAST}{all}"),
        "4:19: `1_0` is not a whole number from 1 to 1000000",
    );
    let asked = sampling(
        "CONFIG max-tokens=1000000\nCONFIG temperature=0\nCONFIG top-p=0.5\nCONFIG top-k=1\n\
         CONFIG presence-penalty=-2\nCONFIG frequency-penalty=2.0\nCONFIG seed=2147483647\n\
         CONFIG stop=END\n",
    );
    let expected = SamplingRequest {
        max_tokens: Some(1_000_000),
        temperature: Some(0.0),
        top_p: Some(0.5),
        top_k: Some(1),
        presence_penalty: Some(-2.0),
        frequency_penalty: Some(2.0),
        seed: Some(2_147_483_647),
        stop: vec!["END".to_owned()],
    };
    assert_eq!(asked, expected);
    assert_eq!(
        sampling("CONFIG temperature!\n"),
        SamplingRequest::default()
    );
    for (line, problem) in [
        (
            "max-tokens=0",
            "4:19: `0` is not a whole number from 1 to 1000000",
        ),
        ("temperature=2.1", "4:20: `2.1` is not a number from 0 to 2"),
        ("temperature=nan", "4:20: `nan` is not a number from 0 to 2"),
        ("temperature=hot", "4:20: `hot` is not a number from 0 to 2"),
        ("top-p=0", "4:14: `0` is not a number above 0 and up to 1"),
        (
            "top-k=0",
            "4:14: `0` is not a whole number from 1 to 1000000",
        ),
        (
            "presence-penalty=3",
            "4:25: `3` is not a number from -2 to 2",
        ),
        (
            "frequency-penalty=-3",
            "4:26: `-3` is not a number from -2 to 2",
        ),
        (
            "seed=-1",
            "4:13: `-1` is not a whole number from 0 to 2147483647",
        ),
        (
            "seed=1.5",
            "4:13: `1.5` is not a whole number from 0 to 2147483647",
        ),
    ] {
        check_refused(&format!("{LEAST}CONFIG {line}\n"), problem);
    }
    let stops = "is not a text of 1 to 256 bytes, or a JSON list of 1 to 4 of them, in an \
                 Agentfile `stop=\"[\\\"END\\\", \\\"STOP\\\"]\"`";
    check_refused(
        &format!("{LEAST}CONFIG stop=[1]\n"),
        &format!("4:13: `[1]` {stops}"),
    );
    check_refused(
        &format!("{LEAST}CONFIG stop=[]\n"),
        &format!("4:13: `[]` {stops}"),
    );
    check_refused(
        &format!("{LEAST}CONFIG seed\n"),
        "4:8: `seed` asks for nothing; write `=` and a value",
    );
}

#[test]
fn the_list_of_the_page_is_read_as_it_stands_there() {
    let page = include_str!("../../../README.md");
    let row = page.lines().find(|line| line.starts_with("| `stop` |"));
    let mut code = row.unwrap().split('`').skip(1).step_by(2);
    let setting = code.find(|code| code.starts_with("stop=")).unwrap();
    let agentfile = parsed(&format!("{LEAST}CONFIG {setting}\n"));
    let asked = SamplingRequest::of(&agentfile.configs);
    assert_eq!(asked.stop, ["END", "STOP"]);
    check_refused(
        &format!("{LEAST}CONFIG stop=[\"END\",\"STOP\"]\n"),
        "4:19: `,` is left over; JSON is written as one text, with `\\` before its quotes: \
         `CONFIG key=\"[\\\"a\\\", \\\"b\\\"]\"`",
    );
}

#[test]
fn an_empty_description_is_none() {
    let agentfile = parsed(&format!("{LEAST}CONFIG a \"\"\nENV B=c \"\"\n"));
    assert_eq!(agentfile.configs[0].description, None);
    assert_eq!(agentfile.envs[0].description, None);
}
