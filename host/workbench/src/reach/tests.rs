//! Components in text, and the imports that their exports can reach.

use super::*;

/// The functions that each export reaches: `f: a b`.
fn reached(text: &str) -> Vec<String> {
    let bytes = wat::parse_str(text).unwrap();
    let reach = reach(&bytes).unwrap();
    let line = |export: &ExportReach| {
        let can: Vec<_> = export.can.iter().map(|import| &*import.function).collect();
        format!("{}: {}", export.export, can.join(" "))
            .trim()
            .to_owned()
    };
    reach.exports.iter().map(line).collect()
}

/// A component that imports `a`, `b` and `c`, lowers them into the instance `h`, and lifts the
/// exports `f` and `g` of the instance `m` of this module.
fn component(module: &str) -> String {
    format!(
        r#"(component
            (import "x:y/z" (instance $z
                (export "a" (func)) (export "b" (func)) (export "c" (func))))
            (core func $a (canon lower (func $z "a")))
            (core func $b (canon lower (func $z "b")))
            (core func $c (canon lower (func $z "c")))
            (core instance $h
                (export "a" (func $a)) (export "b" (func $b)) (export "c" (func $c)))
            (core module $m
                (import "h" "a" (func $a)) (import "h" "b" (func $b)) (import "h" "c" (func $c))
                {module})
            (core instance $m (instantiate $m (with "h" (instance $h))))
            (func $f (canon lift (core func $m "f")))
            (func $g (canon lift (core func $m "g")))
            (export "f" (func $f))
            (export "g" (func $g)))"#
    )
}

#[track_caller]
fn check(module: &str, f: &str, g: &str) {
    let line = |name: &str, can: &str| format!("{name}: {can}").trim().to_owned();
    assert_eq!(reached(&component(module)), [line("f", f), line("g", g)]);
}

#[test]
fn direct_calls_are_followed_and_no_others() {
    check(
        r#"(func $deep call $a)
        (func (export "f") call $deep)
        (func (export "g") call $b return_call $c)"#,
        "a",
        "b c",
    );
}

#[test]
fn a_start_function_belongs_to_every_export() {
    check(
        r#"(func $s call $c) (start $s)
        (func (export "f") call $a) (func (export "g"))"#,
        "a c",
        "c",
    );
}

#[test]
fn a_table_holds_what_segments_put_there_by_type() {
    check(
        r#"(type $t (func)) (type $n (func (param i32)))
        (func $other (param i32) call $c)
        (table 3 funcref) (elem (i32.const 0) $a $other)
        (func (export "f") (param) (call_indirect (type $t) (i32.add (i32.const 0) (i32.const 0))))
        (func (export "g")
            (call_indirect (type $n) (i32.const 0) (i32.add (i32.const 1) (i32.const 0))))"#,
        "a",
        "c",
    );
}

#[test]
fn a_constant_slot_of_a_table_that_nothing_writes_is_exact() {
    check(
        r#"(type $t (func)) (table 3 funcref) (elem (i32.const 0) $a $b $c)
        (func (export "f") (call_indirect (type $t) (i32.const 1)))
        (func (export "g") (return_call_indirect (type $t) (i32.const 2)))"#,
        "b",
        "c",
    );
}

#[test]
fn a_table_that_instructions_write_may_hold_every_function_with_a_reference() {
    for write in [
        "(table.set (i32.const 0) (ref.func $b))",
        "(table.fill (i32.const 0) (ref.func $b) (i32.const 1))",
        "(drop (table.grow (ref.func $b) (i32.const 1)))",
        "(table.copy (i32.const 0) (i32.const 1) (i32.const 1))",
        "(table.init $e (i32.const 0) (i32.const 0) (i32.const 1))",
    ] {
        check(
            &format!(
                r#"(type $t (func)) (table 3 funcref) (elem (i32.const 0) $a)
                (elem $e func $b)
                (func $writes {write})
                (func (export "f") (call_indirect (type $t) (i32.const 0)))
                (func (export "g"))"#
            ),
            "a b",
            "",
        );
    }
}

#[test]
fn many_calls_of_a_long_type_are_followed_as_one() {
    let parameters = "i32 ".repeat(1_000);
    let calls = (0..20_000).map(|slot| format!("(call_indirect (type $t) (i32.const {slot}))"));
    let calls: String = calls.collect();
    check(
        &format!(
            r#"(type $t (func (param {parameters}))) (table 3 funcref)
            (func $long (type $t) call $b)
            (elem (i32.const 0) $a $long)
            (func $writes (table.set (i32.const 0) (ref.func $long)))
            (func (export "f") {calls})
            (func (export "g"))"#
        ),
        "b",
        "",
    );
}

#[test]
fn a_reference_may_be_to_every_function_that_has_one() {
    check(
        r#"(type $t (func)) (elem declare func $b)
        (global $r (ref null $t) (ref.func $b))
        (func (export "f") (call_ref $t (global.get $r)))
        (func (export "g") call $a)"#,
        "b",
        "a",
    );
}

#[test]
fn a_segment_of_an_imported_global_is_not_known() {
    check(
        r#"(type $t (func)) (table 3 funcref)
        (global $r funcref (ref.func $c))
        (elem (i32.const 0) funcref (item global.get $r))
        (func (export "f") (call_indirect (type $t) (i32.const 0)))
        (func (export "g"))"#,
        "c",
        "",
    );
}

#[test]
fn realloc_and_post_return_run_too() {
    let text = r#"(component
        (import "a" (func $a))
        (import "b" (func $b))
        (import "s" (func $s (result string)))
        (core func $la (canon lower (func $a)))
        (core func $lb (canon lower (func $b)))
        (core instance $h (export "a" (func $la)) (export "b" (func $lb)))
        (core module $libc
            (import "h" "a" (func $a)) (import "h" "b" (func $b))
            (memory (export "memory") 1)
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) call $a i32.const 0)
            (func (export "post") (param i32) call $b))
        (core instance $libc (instantiate $libc (with "h" (instance $h))))
        (core func $ls (canon lower (func $s)
            (memory (core memory $libc "memory"))
            (realloc (core func $libc "realloc"))))
        (core instance $k (export "s" (func $ls)))
        (core module $m
            (import "k" "s" (func $s (param i32)))
            (func (export "f") i32.const 0 call $s)
            (func (export "g") (result i32) i32.const 0))
        (core instance $m (instantiate $m (with "k" (instance $k))))
        (func $f (canon lift (core func $m "f")))
        (func $g (result string) (canon lift (core func $m "g")
            (memory (core memory $libc "memory"))
            (post-return (core func $libc "post"))))
        (export "f" (func $f))
        (export "g" (func $g)))"#;
    assert_eq!(reached(text), ["f: a s", "g: b"]);
}

#[test]
fn a_table_of_another_instance_is_the_same_table() {
    // As wit-component does it: a shim with a table, and a module that fills it later.
    let text = r#"(component
        (import "a" (func $a))
        (import "b" (func $b))
        (core module $shim
            (type $t (func))
            (table (export "table") 2 2 funcref)
            (func (export "0") (call_indirect (type $t) (i32.const 0)))
            (func (export "1") (call_indirect (type $t) (i32.const 1))))
        (core instance $shim (instantiate $shim))
        (core module $m
            (import "shim" "0" (func $a)) (import "shim" "1" (func $b))
            (func (export "f") call $a)
            (func (export "g") call $b))
        (core instance $m (instantiate $m (with "shim" (instance $shim))))
        (core func $la (canon lower (func $a)))
        (core func $lb (canon lower (func $b)))
        (alias core export $shim "table" (core table $table))
        (core instance $h
            (export "t" (table $table)) (export "a" (func $la)) (export "b" (func $lb)))
        (core module $fixup
            (import "h" "a" (func $a)) (import "h" "b" (func $b))
            (import "h" "t" (table 2 2 funcref))
            (elem (i32.const 0) $a $b))
        (core instance (instantiate $fixup (with "h" (instance $h))))
        (func $f (canon lift (core func $m "f")))
        (func $g (canon lift (core func $m "g")))
        (export "f" (func $f))
        (export "g" (func $g)))"#;
    assert_eq!(reached(text), ["f: a", "g: b"]);
}

#[test]
fn components_inside_are_followed_through_their_imports_and_aliases() {
    let text = r#"(component
        (import "a" (func $a))
        (import "x:y/z" (instance $z (export "b" (func))))
        (core module $shared
            (import "h" "in" (func $in)) (func (export "out") call $in))
        (component $inner
            (import "in" (func $in))
            (alias outer 1 $shared (core module $shared))
            (core func $low (canon lower (func $in)))
            (core instance $h (export "in" (func $low)))
            (core instance $s (instantiate $shared (with "h" (instance $h))))
            (func $out (canon lift (core func $s "out")))
            (instance $i (export "out" (func $out)))
            (export "p:q/r" (instance $i)))
        (instance $one (instantiate $inner (with "in" (func $a))))
        (instance $two (instantiate $inner (with "in" (func $z "b"))))
        (alias export $one "p:q/r" (instance $first))
        (export "p:q/first" (instance $first))
        (alias export $two "p:q/r" (instance $second))
        (export "p:q/second" (instance $second)))"#;
    assert_eq!(reached(text), ["p:q/first#out: a", "p:q/second#out: b"]);
}

#[test]
fn dropping_a_resource_runs_its_destructor_or_the_host() {
    let text = r#"(component
        (import "x:y/z" (instance $z (export "file" (type (sub resource)))))
        (import "a" (func $a))
        (alias export $z "file" (type $file))
        (core func $drop (canon resource.drop $file))
        (core func $la (canon lower (func $a)))
        (core instance $h (export "drop" (func $drop)) (export "a" (func $la)))
        (core module $m
            (import "h" "drop" (func $drop (param i32))) (import "h" "a" (func $a))
            (func (export "end") (param i32) call $a)
            (func (export "f") i32.const 0 call $drop)
            (func (export "g")))
        (core instance $m (instantiate $m (with "h" (instance $h))))
        (type $own (resource (rep i32) (dtor (core func $m "end"))))
        (func $f (canon lift (core func $m "f")))
        (func $g (canon lift (core func $m "g")))
        (export "f" (func $f))
        (export "g" (func $g)))"#;
    // The host may drop what it was given after any call.
    assert_eq!(reached(text), ["f: a [resource-drop]file", "g: a"]);
}

#[test]
fn what_is_not_followed_is_not_guessed() {
    let refused = |text: &str| {
        reach(&wat::parse_str(text).unwrap())
            .unwrap_err()
            .to_string()
    };
    let module = refused(r#"(component (import "m" (core module)))"#);
    assert!(
        module.contains("code that the host would give it"),
        "{module}"
    );
    let through = refused(
        r#"(component (import "x:y/z" (instance $z (export "a" (func))))
            (export "x:y/w" (instance $z)))"#,
    );
    assert!(through.contains("exports as it is"), "{through}");
    assert!(refused("(module)").contains("no component"));
    assert!(reach(b"\0asm").is_err());
}

#[test]
fn a_small_component_that_multiplies_itself_is_too_large() {
    let mut text = "(component $c0)".to_owned();
    for n in 1..40 {
        let before = n - 1;
        text = format!(
            "{text} (component $c{n} (alias outer 1 $c{before} (component $inner)) \
             (instance (instantiate $inner)) (instance (instantiate $inner)))"
        );
    }
    let text = format!("(component {text} (instance (instantiate $c39)))");
    let error = reach(&wat::parse_str(text).unwrap()).unwrap_err();
    assert!(matches!(error, ReachError::TooMuch), "{error}");
}

#[test]
fn long_names_that_many_exports_reach_are_too_large() {
    let interface = "x".repeat(50_000);
    let many = |text: &dyn Fn(usize) -> String| (0..200).map(text).collect::<String>();
    let typed = many(&|n| format!("(export \"f{n}\" (func))"));
    let lowered = many(&|n| format!("(core func $l{n} (canon lower (func $z \"f{n}\")))"));
    let given = many(&|n| format!("(export \"f{n}\" (func $l{n}))"));
    let imported = many(&|n| format!("(import \"h\" \"f{n}\" (func $f{n}))"));
    let calls = many(&|n| format!("call $f{n} "));
    let component = |exports: usize| {
        let each = |text: &dyn Fn(usize) -> String| (0..exports).map(text).collect::<String>();
        let lifted = each(&|n| format!("(func $e{n} (canon lift (core func $m \"f\")))"));
        let exported = each(&|n| format!("(export \"e{n}\" (func $e{n}))"));
        format!(
            r#"(component
                (import "a:b/{interface}" (instance $z {typed}))
                {lowered} (core instance $h {given})
                (core module $m {imported} (func (export "f") {calls}))
                (core instance $m (instantiate $m (with "h" (instance $h))))
                {lifted} {exported})"#
        )
    };
    let few = reach(&wat::parse_str(component(100)).unwrap()).unwrap();
    assert_eq!(few.imports.len(), 200);
    let all_reach = few.exports.iter().all(|export| export.can == few.imports);
    assert!(all_reach);
    let name = |import: &ImportedFunction| import.interface.clone();
    let one = few.imports.first().map(name).unwrap();
    let mut shared = few.exports.iter().flat_map(|export| &export.can);
    let is_shared = |import: &ImportedFunction| std::rc::Rc::ptr_eq(&import.interface, &one);
    assert!(shared.all(is_shared));
    let error = reach(&wat::parse_str(component(400)).unwrap()).unwrap_err();
    assert!(matches!(error, ReachError::TooMuch), "{error}");
}

#[test]
fn instances_that_multiply_in_one_another_are_too_large() {
    let mut text = "(instance $i0)".to_owned();
    for n in 1..60 {
        let before = n - 1;
        text = format!(
            "{text} (instance $i{n} (export \"a\" (instance $i{before})) \
             (export \"b\" (instance $i{before})))"
        );
    }
    let text = format!("(component {text} (export \"x:y/z\" (instance $i59)))");
    let error = reach(&wat::parse_str(text).unwrap()).unwrap_err();
    assert!(matches!(error, ReachError::TooMuch), "{error}");
}
