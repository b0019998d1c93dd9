//! Types are written as WAT, compiled, and read back: what a component's author can write is what
//! is tested.

mod forms;

use std::cell::Cell;

use cofferdam_capability::{Account, Limits};
use serde_json::{Value, json};
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Val};

use super::docs::{Docs, TypeDocs};
use super::functions::{Functions, functions, named_type};
use super::lift::Lifted;
use super::lower::{arguments, lower};
use super::schema::Schema;
use super::types::{Field, Integer, Names, Reader, Type, named};

fn account() -> Account {
    Account::new(Limits::DEFAULT.host_memory)
}

fn component(text: &str) -> (wasmtime::Engine, Component) {
    let engine = wasmtime::Engine::new(&crate::pool::config()).unwrap();
    let component = Component::new(&engine, wat::parse_str(text).unwrap()).unwrap();
    (engine, component)
}

/// The type `ty` of WAT, where `definition` may stand for `$t`, a type that has to have a name.
fn read(definition: &str, ty: &str) -> Result<Type, String> {
    let text = match definition {
        "" => format!("(component (import \"f\" (func (param \"x\" {ty}))))"),
        _ => format!(
            "(component
                (import \"i\" (instance $i (type $u {definition}) (export \"t\" (type (eq $u)))))
                (alias export $i \"t\" (type $t))
                (import \"f\" (func (param \"x\" {ty}))))"
        ),
    };
    let (engine, component) = component(&text);
    let mut names = Names::default();
    let mut parameter = None;
    for (_, item) in component.component_type().imports(&engine) {
        match item.ty {
            ComponentItem::ComponentInstance(instance) => {
                names = named(
                    instance
                        .exports(&engine)
                        .filter_map(|(name, item)| Some((name, named_type(item.ty)?))),
                );
            }
            ComponentItem::ComponentFunc(function) => {
                parameter = function.params().next().map(|(_, ty)| ty)
            }
            _ => {}
        }
    }
    Reader::new(&names)
        .read(&parameter.unwrap())
        .map_err(|unsupported| unsupported.to_string())
}

fn lifted(ty: &Type, value: &Val) -> Value {
    serde_json::from_str(&serde_json::to_string(&Lifted { ty, value }).unwrap()).unwrap()
}

/// JSON that does not fit a type, and what is said about it.
#[track_caller]
fn check_misfit(definition: &str, ty: &str, value: &Value, said: &str) {
    let misfit = lower(&read(definition, ty).unwrap(), value, &account()).unwrap_err();
    assert_eq!(misfit.to_string(), said);
}

#[test]
fn json_that_does_not_fit_is_refused_with_its_place() {
    check_misfit("", "bool", &json!("true"), "expected true or false");
    check_misfit("", "u8", &json!(-1), "-1 is not from 0 to 255");
    check_misfit("", "u8", &json!("1"), "expected a whole number");
    check_misfit("", "s32", &json!(1.5), "expected a whole number");
    check_misfit("", "u64", &json!(1e19), "expected a whole number");
    check_misfit("", "u64", &json!("+1"), "expected a whole number");
    check_misfit(
        "",
        "f32",
        &json!(1e39),
        "1000000000000000000000000000000000000000 is too large for a float of 32 bits",
    );
    check_misfit(
        "",
        "f64",
        &json!("nan"),
        "expected a number, \"NaN\", \"Infinity\" or \"-Infinity\"",
    );
    check_misfit("", "char", &json!("ab"), "expected exactly one character");
    check_misfit(
        "",
        "(list string)",
        &json!(["a", 1]),
        "at /1: expected text",
    );
    check_misfit(
        "",
        "(tuple bool)",
        &json!([true, true]),
        "expected 1 items, found 2",
    );
    check_misfit(
        "",
        "(option (option bool))",
        &json!({ "none": 1 }),
        "`none` is not known; there are: some",
    );
    check_misfit(
        "",
        "(result bool)",
        &json!({ "err": 1 }),
        "at /err: expected null",
    );
    check_misfit(
        "",
        "(result bool)",
        &json!({}),
        "expected an object with exactly one member",
    );
    let record = "(record (field \"a\" (list bool)))";
    check_misfit(
        record,
        "(list $t)",
        &json!([{ "a": [true] }, { "a": [1] }]),
        "at /1/a/0: expected true or false",
    );
    check_misfit(record, "$t", &json!({}), "`a` is missing");
    check_misfit(
        record,
        "$t",
        &json!({ "a": [], "b/c": 1 }),
        "`b/c` is not known; there are: a",
    );
    let variant = "(variant (case \"none\") (case \"some\" string))";
    check_misfit(
        variant,
        "$t",
        &json!({ "none": 1 }),
        "`none` has no value: write \"none\"",
    );
    check_misfit(
        variant,
        "$t",
        &json!("some"),
        "`some` has a value: write {\"some\": string}",
    );
    check_misfit(
        variant,
        "$t",
        &json!({ "some": 1 }),
        "at /some: expected text",
    );
    check_misfit(
        "(flags \"a\" \"b\")",
        "$t",
        &json!(["a", "a"]),
        "at /1: `a` is there twice",
    );
    check_misfit(
        "(enum \"a\" \"b\")",
        "$t",
        &json!("c"),
        "`c` is not known; there are: a, b",
    );
}

#[test]
fn parameters_may_be_left_out_when_they_are_options() {
    let ty = Type::Option(Box::new(Type::Integer(Integer::U8)));
    let parameters = [
        Field {
            name: "a/b".to_owned(),
            ty,
        },
        Field {
            name: "c".to_owned(),
            ty: Type::Bool,
        },
    ];
    assert_eq!(
        arguments(&parameters, r#"{"c":true}"#, &account()).unwrap(),
        [Val::Option(None), Val::Bool(true)]
    );
    assert_eq!(
        arguments(&parameters, r#"{"a/b":-1}"#, &account())
            .unwrap_err()
            .to_string(),
        "at /a~1b: -1 is not from 0 to 255"
    );
}

#[test]
fn types_are_bounded() {
    let deep = |depth: usize| format!("{}string{}", "(list ".repeat(depth), ")".repeat(depth));
    assert!(read("", &deep(31)).is_ok());
    assert_eq!(
        read("", &deep(32)).unwrap_err(),
        "its types are nested deeper than 32"
    );

    // Twelve lines of text, and four thousand parts when they are written out.
    let doubled: String = (1..12)
        .map(|n| format!("(type $t{n} (tuple $t{0} $t{0}))", n - 1))
        .collect();
    let text = format!(
        "(component (type $t0 (tuple bool)) {doubled} (import \"f\" (func (param \"x\" $t11))))"
    );
    let (engine, component) = component(&text);
    let ty = component.component_type();
    let (_, item) = ty.imports(&engine).next().unwrap();
    let ComponentItem::ComponentFunc(function) = item.ty else {
        panic!("not a function")
    };
    let (_, parameter) = function.params().next().unwrap();
    let refused = Reader::new(&Names::default()).read(&parameter).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "its types have more than 1024 parts when they are written out"
    );

    let record = |length: usize| format!("(record (field \"{}\" string))", "a".repeat(length));
    assert!(read(&record(128), "$t").is_ok());
    assert_eq!(
        read(&record(129), "$t").unwrap_err(),
        "it has a name of 129 bytes: at most 128 are taken"
    );
}

#[test]
fn types_that_look_alike_have_no_name() {
    let record = "(record (field \"a\" string))";
    let text = format!(
        "(component
            (import \"i\" (instance $i
                (type $a {record}) (export \"one\" (type (eq $a)))
                (type $b {record}) (export \"two\" (type (eq $b)))
                (type $c (enum \"c\")) (export \"three\" (type (eq $c)))
                (type $d (enum \"d\")) (export \"{}\" (type (eq $d)))))
            (alias export $i \"one\" (type $one)) (alias export $i \"three\" (type $three))
            (import \"f\" (func (param \"x\" (tuple $one $three)))))",
        "n".repeat(129)
    );
    let (engine, component) = component(&text);
    let mut names = Names::default();
    let mut parameter = None;
    for (_, item) in component.component_type().imports(&engine) {
        match item.ty {
            ComponentItem::ComponentInstance(instance) => {
                names = named(
                    instance
                        .exports(&engine)
                        .filter_map(|(name, item)| Some((name, named_type(item.ty)?))),
                );
            }
            ComponentItem::ComponentFunc(function) => {
                parameter = function.params().next().map(|(_, ty)| ty)
            }
            _ => {}
        }
    }
    let ty = Reader::new(&names).read(&parameter.unwrap()).unwrap();
    assert_eq!(ty.to_string(), "tuple<record { a: string }, three>");
    assert!(!format!("{names:?}").contains("nnn"), "a long name is none");
}

/// The functions of a component that exports `exports`, where `$f` is a function and `$i` an
/// instance with `go`.
fn exported(exports: &str, docs: &Docs) -> Functions {
    let (engine, component) = component(&format!(
        "(component
            (core module $m (func (export \"f\")))
            (core instance $c (instantiate $m))
            (func $f (canon lift (core func $c \"f\")))
            (instance $i (export \"go\" (func $f)))
            {exports})"
    ));
    functions(&engine, &component, docs)
}

fn names(functions: &Functions) -> (Vec<&str>, Vec<&str>) {
    let offered = functions
        .entries
        .iter()
        .map(|entry| entry.function.name.as_str())
        .collect();
    (
        offered,
        functions
            .refused
            .iter()
            .map(|(name, _)| name.as_str())
            .collect(),
    )
}

#[test]
fn functions_are_named_after_their_interface() {
    let functions = exported(
        "(export \"plain\" (func $f)) (export \"a:b/stock@1.0.0\" (instance $i)) (export \
         \"inline\" (instance $i))",
        &Docs::default(),
    );
    assert_eq!(
        names(&functions),
        (vec!["plain", "stock_go", "inline_go"], vec![])
    );
}

#[test]
fn a_function_that_no_model_can_mean_is_refused() {
    let functions = exported(
        "(export \"a:b/stock\" (instance $i)) (export \"c:d/stock\" (instance $i)) (export \
         \"plain\" (func $f))",
        &Docs::default(),
    );
    assert_eq!(
        names(&functions),
        (vec!["plain"], vec!["stock_go", "stock_go"])
    );
    assert!(
        functions.refused[0].1.contains("same last name"),
        "{:?}",
        functions.refused
    );
    let long = "a".repeat(65);
    let functions = exported(&format!("(export \"{long}\" (func $f))"), &Docs::default());
    assert_eq!(names(&functions), (vec![], vec![long.as_str()]));
    let functions = exported(
        "(export \"wasi:http/incoming-handler@0.2.0\" (instance $i))",
        &Docs::default(),
    );
    assert_eq!(
        names(&functions),
        (vec![], vec!["wasi:http/incoming-handler@0.2.0"])
    );
    let many: String = (0..65)
        .map(|n| format!("(export \"f{n}\" (func $f))"))
        .collect();
    let functions = exported(&many, &Docs::default());
    assert_eq!((functions.entries.len(), functions.refused.len()), (64, 1));
    // Beyond a bound they are not looked at, and beyond a smaller one they are counted.
    let many: String = (0..400)
        .map(|n| format!("(export \"f{n}\" (func $f))"))
        .collect();
    let functions = exported(&many, &Docs::default());
    assert_eq!(
        (
            functions.entries.len(),
            functions.refused.len(),
            functions.refusals()
        ),
        (64, 64, 336)
    );
    assert_eq!(functions.with_count().1[64].0, "272 more");
    // Refused ones count as well.
    let many: String = (0..300)
        .map(|n| format!("(export \"{}{n}\" (func $f))", "a".repeat(200)))
        .collect();
    let functions = exported(
        &format!("{many}(export \"last\" (func $f))"),
        &Docs::default(),
    );
    assert_eq!((functions.entries.len(), functions.refused.len()), (0, 64));
    assert!(
        functions.refused.iter().all(|(name, _)| name.len() < 140),
        "{:?}",
        functions.refused[0]
    );
}

/// A megabyte of words about a type that is used five hundred times.
#[test]
fn words_are_copied_within_a_bound() {
    let json =
        json!({ "worlds": { "w": { "types": { "e": { "docs": "x".repeat(1_000_000) } } } } });
    let docs = Docs::read(&[&[1], json.to_string().as_bytes()].concat()).unwrap();
    let (engine, component) = component(&format!(
        "(component
            (core module $m (memory (export \"memory\") 1) (func (export \"f\") (param i32))
                (func (export \"r\") (param i32 i32 i32 i32) (result i32) i32.const 0))
            (core instance $i (instantiate $m))
            (type $e' (enum \"a\"))
            (export $e \"e\" (type $e'))
            (func $f (param \"p\" (tuple {})) (canon lift (core func $i \"f\")
                (memory (core memory $i \"memory\")) (realloc (core func $i \"r\"))))
            (export \"f\" (func $f)))",
        "$e ".repeat(500)
    ));
    let began = std::time::Instant::now();
    let functions = functions(&engine, &component, &docs);
    assert!(
        functions.entries.is_empty()
            && functions.refused[0]
                .1
                .contains("its schemas have more than 32768 bytes")
    );
    assert!(
        began.elapsed() < std::time::Duration::from_secs(1),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn words_that_take_much_more_than_their_text_are_refused() {
    let map = r#"{"types":{"":{"items":{"":""}}},"funcs":{"":""}}"#;
    let maps: Vec<_> = (0..15_000).map(|n| format!("\"{n}\":{map}")).collect();
    let section = format!("\u{1}{{\"interfaces\":{{{}}}}}", maps.join(","));
    let refused = Docs::read(section.as_bytes()).unwrap_err().to_string();
    assert!(
        refused.contains("takes more than 4 MiB once it is read"),
        "{refused}"
    );
    let deep = format!("\u{1}{{\"x\":{}{}}}", "[".repeat(121), "]".repeat(121));
    assert!(
        Docs::read(deep.as_bytes())
            .unwrap_err()
            .to_string()
            .contains("nested more than 120 deep")
    );
}

#[test]
fn words_come_from_the_package() {
    let section = |version: u8, json: &str| [&[version], json.as_bytes()].concat();
    let json = r#"{
        "docs": "The package.",
        "worlds": { "w": { "func_exports": { "plain": { "docs": " In the world. " } } } },
        "interfaces": { "stock": { "docs": "i", "funcs": { "go": {
            "docs": "In the interface." } } } }
    }"#;
    let docs = Docs::read(&section(1, json)).unwrap();
    let functions = exported(
        "(export \"plain\" (func $f)) (export \"a:b/stock\" (instance $i))",
        &docs,
    );
    let descriptions: Vec<_> = functions
        .entries
        .iter()
        .map(|entry| entry.function.description.as_str())
        .collect();
    assert_eq!(descriptions, ["In the world.", "In the interface."]);

    let old = Docs::read(&section(
        0,
        r#"{ "interfaces": { "stock": { "funcs": { "go": "Old." } } } }"#,
    ))
    .unwrap();
    let functions = exported(
        "(export \"a:b/stock\" (instance $i)) (export \"plain\" (func $f))",
        &old,
    );
    let descriptions: Vec<_> = functions
        .entries
        .iter()
        .map(|entry| entry.function.description.as_str())
        .collect();
    assert_eq!(descriptions, ["Old.", "plain: func()"]);

    for wrong in [
        section(2, "{}"),
        section(1, "{"),
        Vec::new(),
        section(1, &" ".repeat(1 << 20)),
    ] {
        assert!(
            Docs::read(&wrong)
                .unwrap_err()
                .to_string()
                .contains("`package-docs` section")
        );
    }
}
