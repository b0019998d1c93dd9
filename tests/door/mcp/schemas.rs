//! Schemas as clients get them: of every tool that ships, of every WIT type, and of authors.

use std::fmt::Write;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::dialect::check_tool;
use crate::support::mcp::{Server, asked, over_stdio};
use crate::support::{Scratch, Typed, checkout, cofferdam, component, tool};

/// Generated types in one component: as many functions as are offered.
const TYPES: usize = 60;

/// Parts that a generated type may have when it is written out.
const MAX_PARTS: usize = 40;

/// The tools that a server lists once it has called one of them.
#[track_caller]
fn listed(server: &mut Server) -> Vec<Value> {
    let list = server.ask(1, "tools/list", json!({}))["result"]["tools"].clone();
    list.as_array().expect("a list").clone()
}

/// The names of the tools that ship, as their manifests have them.
fn shipped() -> Vec<String> {
    #[derive(Deserialize)]
    struct Manifest {
        tool: Head,
    }
    #[derive(Deserialize)]
    struct Head {
        name: String,
    }
    let packages = std::fs::read_dir(checkout().join("tools")).expect("the tools");
    let manifests = packages.filter_map(|package| {
        let path = package.expect("a package").path().join("capabilities.toml");
        let text = std::fs::read_to_string(path).ok()?;
        let manifest: Manifest = toml::from_str(&text).expect("a manifest");
        Some(manifest.tool.name)
    });
    manifests.collect()
}

/// Returns true if a tool is one of the component of this name.
fn is_of(tool: &Value, component: &str) -> bool {
    let name = tool["name"].as_str().expect("a name");
    let rest = name.strip_prefix(component);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

#[test]
fn every_tool_that_ships_is_in_the_dialect_of_clients() {
    let scratch = Scratch::new();
    let shipped = shipped();
    assert!(shipped.len() > 70, "{shipped:?}");
    let paths = shipped.iter().map(|name| tool(name));
    let mut server = Server::start(&scratch, paths);
    server.initialize();
    // A component whose tools are known once it is compiled is listed after a call of it.
    let missing = |list: &[Value]| -> Vec<String> {
        let is_missing = |name: &&String| !list.iter().any(|tool| is_of(tool, name));
        shipped.iter().filter(is_missing).cloned().collect()
    };
    let mut list = listed(&mut server);
    if let Some(name) = missing(&list).first() {
        server.ask(2, "tools/call", json!({ "name": name, "arguments": {} }));
        list = listed(&mut server);
    }
    assert_eq!(missing(&list), Vec::<String>::new());
    list.iter().for_each(check_tool);
}

/// Types that refer to those before them, as text, with the parts of each.
struct Types {
    seed: u64,
    parts: Vec<usize>,
}

impl Types {
    /// A number below `most`, from the same row each time.
    fn below(&mut self, most: usize) -> usize {
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.seed >> 33).expect("small") % most
    }

    /// A type that was defined before, or a simple one, and its parts.
    fn inner(&mut self) -> (String, usize) {
        const SIMPLE: [&str; 13] = [
            "bool", "u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64", "f32", "f64", "char",
            "string",
        ];
        let known = self.parts.len();
        let index = self.below(known + SIMPLE.len());
        match self.parts.get(index) {
            Some(parts) if *parts < MAX_PARTS / 4 => (format!("$t{index}"), *parts),
            _ => (SIMPLE[self.below(SIMPLE.len())].to_owned(), 1),
        }
    }

    /// The next type.
    fn next(&mut self) -> String {
        let count = 1 + self.below(3);
        let mut inner = || self.inner();
        let inners: Vec<(String, usize)> = (0..3).map(|_| inner()).collect();
        let name = |index: usize| inners[index].0.as_str();
        let each = |form: &dyn Fn(usize) -> String| -> String {
            (0..count).map(form).collect::<Vec<_>>().join(" ")
        };
        let ty = match self.below(9) {
            0 => format!("(list {})", name(0)),
            1 => format!("(tuple {})", each(&|index| name(index).to_owned())),
            2 => format!("(option {})", name(0)),
            3 => format!("(result {} (error {}))", name(0), name(1)),
            4 => format!("(result (error {}))", name(0)),
            5 => format!(
                "(record {})",
                each(&|index| format!("(field \"f-{index}\" {})", name(index)))
            ),
            6 => format!(
                "(variant (case \"none\") {})",
                each(&|index| format!("(case \"c-{index}\" {})", name(index)))
            ),
            7 => format!("(enum {})", each(&|index| format!("\"e-{index}\""))),
            _ => format!("(flags {})", each(&|index| format!("\"g-{index}\""))),
        };
        self.parts
            .push(1 + inners.iter().map(|(_, parts)| parts).sum::<usize>());
        ty
    }
}

/// A component with a function for each of these types, which takes and returns lists of it: lists
/// are passed as two numbers, whatever is in them.
fn generated(seed: u64) -> String {
    let mut types = Types {
        seed,
        parts: Vec::new(),
    };
    let mut text = String::from(
        "(component (core module $m
            (memory (export \"m\") 1)
            (func (export \"r\") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
            (func (export \"f\") (param i32 i32) (result i32) (i32.const 64)))
          (core instance $i (instantiate $m))
          (alias core export $i \"m\" (core memory $memory))
          (alias core export $i \"r\" (core func $realloc))
          (alias core export $i \"f\" (core func $f))\n",
    );
    for index in 0..TYPES {
        let ty = types.next();
        writeln!(
            text,
            "(type $u{index} {ty}) (export $t{index} \"t{index}\" (type $u{index}))
             (func (export \"f{index}\") (param \"x\" (list $t{index})) (result (list $t{index}))
                (canon lift (core func $f) (memory $memory) (realloc $realloc)))"
        )
        .expect("text");
    }
    text + ")"
}

#[test]
fn every_wit_type_is_in_the_dialect_of_clients() {
    let scratch = Scratch::new();
    for seed in 1..=3 {
        let wasm = wat::parse_str(generated(seed)).expect("valid text");
        let path = scratch.file("generated.wasm", wasm);
        let mut server = Server::start(&scratch, [path]);
        server.initialize();
        let params = json!({ "name": "generated_f0", "arguments": { "x": [] } });
        let called = server.ask(2, "tools/call", params);
        assert_eq!(
            called["result"]["structuredContent"],
            json!({ "result": [] }),
            "{called}"
        );
        let list = listed(&mut server);
        assert!(
            list.len() > TYPES / 2,
            "{} of {TYPES} are offered",
            list.len()
        );
        list.iter().for_each(check_tool);
    }
    let mut server = Server::start(&scratch, [component("shop")]);
    server.initialize();
    server.ask(
        2,
        "tools/call",
        json!({ "name": "shop_fail", "arguments": {} }),
    );
    listed(&mut server).iter().for_each(check_tool);
}

/// A client checks each result against the schema that it was given.
#[test]
fn a_foreign_client_takes_results_of_every_wit_type() {
    let scratch = Scratch::new();
    let shop = component("shop").display().to_string();
    let server = over_stdio(&scratch, "legacy", &[&shop]);
    let value = json!({
        "truth": true, "small": -128, "byte": 255, "short": -32768, "word": 65535, "int": i32::MIN,
        "natural": u32::MAX, "long": "-9223372036854775808", "huge": "18446744073709551615",
        "half": "NaN", "double": 0.1, "letter": "ß", "text": "Grüße", "blob": "AP8Q",
        "pairs": [["a", 1], ["b", 2]], "shape": { "rectangle": [1.5, 2.0] },
        "rights": ["read", "list-names"], "maybe": null, "perhaps": { "some": null },
        "outcome": { "err": "no" }, "done": { "ok": null },
    });
    let (echoed, _) = asked(
        &server,
        &["call", "shop_echo", &json!({ "value": value }).to_string()],
    );
    assert_eq!(echoed["failed"], false, "{echoed}");
    assert_eq!(echoed["structured"]["pairs"], value["pairs"], "{echoed}");
}

/// Builds a tool with this input schema; the sentence why it is refused.
#[track_caller]
fn refused(schema: &Value, parts: &[&str]) {
    let scratch = Scratch::new();
    let typed = Typed {
        input_schema: &schema.to_string(),
        ..Typed::default()
    };
    let bare = typed.file(&scratch, "bare");
    let head = "schema = 1\n[tool]\nname = \"keep\"\nversion = \"0.0.0\"\nsummary = \"keeps\"\n";
    let capabilities = scratch.file("capabilities.toml", head);
    let args = [
        "tool".as_ref(),
        "build".as_ref(),
        bare.as_os_str(),
        "--capabilities".as_ref(),
        capabilities.as_os_str(),
        "--out".as_ref(),
        scratch.path().as_os_str(),
    ];
    let ran = cofferdam(&scratch, args).run();
    assert_ne!(ran.code, Some(0), "{schema}");
    ran.complains(parts);
}

#[test]
fn an_input_that_clients_do_not_take_is_refused_when_it_is_built() {
    let case = |name: &str| {
        json!({ "type": "object", "properties": { "action": { "const": name } },
        "required": ["action"] })
    };
    let choice = json!({ "title": "Input", "oneOf": [case("add"), case("remove")] });
    refused(
        &choice,
        &["`tool`", "`Input`", "`oneOf`", "one struct", "Option"],
    );
    refused(
        &json!({ "type": "string" }),
        &["no object", "struct with named fields"],
    );
    let tree = json!({ "type": "object", "properties": { "next": { "$ref": "#" } } });
    refused(&tree, &["leads to itself"]);
    refused(
        &json!({ "type": "object", "properties": { "a": { "not": { "type": "null" } } } }),
        &["/properties/a", "`not`"],
    );
}

/// One that was built by others takes no other tool along.
#[test]
fn a_choice_at_the_top_of_another_builder_is_one_object_for_clients() {
    let scratch = Scratch::new();
    let case = |name: &str, key: &str| {
        json!({ "type": "object", "required": ["action", key],
        "properties": { "action": { "const": name }, key: { "type": "integer" } } })
    };
    let choice = json!({ "oneOf": [case("add", "item"), case("remove", "id")] }).to_string();
    let typed = Typed {
        input_schema: &choice,
        ..Typed::default()
    };
    let mut server = Server::start(&scratch, [typed.file(&scratch, "keep")]);
    server.initialize();
    // The host holds the author's own words against an input.
    let call = |server: &mut Server, arguments: Value| {
        let params = json!({ "name": "keep", "arguments": arguments });
        server.ask(2, "tools/call", params)["result"].clone()
    };
    assert_eq!(
        call(&mut server, json!({ "action": "add", "item": 1 }))["isError"],
        false
    );
    assert_eq!(
        call(&mut server, json!({ "action": "add", "id": 1 }))["isError"],
        true
    );
    let list = listed(&mut server);
    list.iter().for_each(check_tool);
    let action = &list[0]["inputSchema"]["properties"]["action"];
    assert_eq!(action["enum"], json!(["add", "remove"]), "{list:?}");
    assert_eq!(list[0]["inputSchema"]["required"], json!(["action"]));
}
