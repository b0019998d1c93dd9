//! Typed components that the tests write themselves: one tool, whose schemas and results are as a
//! test says.

use std::path::PathBuf;

use super::{Scratch, cofferdam};

/// Where the text of the descriptor begins; below it are the list and the result.
const TEXTS: usize = 1_024;

/// A component with one tool.
pub(crate) struct Typed<'a> {
    pub(crate) input_schema: &'a str,
    pub(crate) output_schema: &'a str,
    /// The result of every call: this text,
    pub(crate) first: &'a str,
    /// this one so many times,
    pub(crate) repeated: (&'a str, usize),
    /// and this one.
    pub(crate) last: &'a str,
}

impl Default for Typed<'_> {
    fn default() -> Self {
        Self {
            input_schema: r#"{"type":"object"}"#,
            output_schema: "",
            first: "{",
            repeated: ("", 0),
            last: "}",
        }
    }
}

impl Typed<'_> {
    /// The component as a file of this name.
    pub(crate) fn file(&self, scratch: &Scratch, name: &str) -> PathBuf {
        scratch.file(
            &format!("{name}.wasm"),
            wat::parse_str(self.wat()).expect("valid text"),
        )
    }

    /// The same with these rows in its manifest.
    pub(crate) fn built(&self, scratch: &Scratch, name: &str, rows: &str) -> PathBuf {
        let head = format!(
            "schema = 1\n[tool]\nname = \"{name}\"\nversion = \"0.0.0\"\nsummary = \"tries\"\n"
        );
        let (bare, capabilities) = (
            self.file(scratch, "bare"),
            scratch.file(&format!("{name}.toml"), head + rows),
        );
        let out = scratch.path().join("built");
        let args = [
            bare.as_os_str(),
            "--capabilities".as_ref(),
            capabilities.as_os_str(),
            "--out".as_ref(),
        ];
        let args = ["tool".as_ref(), "build".as_ref()]
            .into_iter()
            .chain(args)
            .chain([out.as_os_str()]);
        cofferdam(scratch, args).run().exits(0);
        out.join(format!("{name}.wasm"))
    }

    fn wat(&self) -> String {
        let (mut texts, mut places) = (String::new(), Vec::new());
        let all = [
            "tool",
            "tries",
            self.input_schema,
            self.output_schema,
            self.first,
            self.repeated.0,
            self.last,
        ];
        for text in all {
            places.push((TEXTS + texts.len(), text.len()));
            texts.push_str(text);
        }
        let words = |numbers: &[usize]| -> String {
            let bytes = numbers
                .iter()
                .flat_map(|number| u32::try_from(*number).expect("small").to_le_bytes());
            bytes.map(|byte| format!("\\{byte:02x}")).collect()
        };
        // The list: one descriptor of four texts.
        let descriptor: Vec<_> = places[..4]
            .iter()
            .flat_map(|(start, length)| [*start, *length])
            .collect();
        let data: String = texts.bytes().map(|byte| format!("\\{byte:02x}")).collect();
        // What a caller hands over is written behind the texts, and the result behind that.
        let heap = (TEXTS + texts.len()).next_multiple_of(16);
        let [
            (first, first_length),
            (unit, unit_length),
            (last, last_length),
        ] = places[4..]
        else {
            panic!("three texts of the result");
        };
        let count = self.repeated.1;
        let result_length = first_length + unit_length * count + last_length;
        format!(
            r#"(component
  (core module $module
    (memory (export "memory") 2)
    (data (i32.const 64) "{list}")
    (data (i32.const 128) "{descriptor}")
    (data (i32.const {TEXTS}) "{data}")
    (global $heap (mut i32) (i32.const {heap}))
    (func $room (export "realloc") (param i32 i32 i32) (param $size i32) (result i32)
      (local $at i32) (local $missing i32)
      (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 15)) (i32.const -16)))
      (global.set $heap (i32.add (local.get $at) (local.get $size)))
      (local.set $missing (i32.sub
        (i32.shr_u (i32.add (global.get $heap) (i32.const 65535)) (i32.const 16)) (memory.size)))
      (if (i32.gt_s (local.get $missing) (i32.const 0))
        (then (if (i32.eq (memory.grow (local.get $missing)) (i32.const -1)) (then (unreachable)))))
      (local.get $at))
    (func (export "list") (result i32) (i32.const 64))
    (func (export "call") (param i32 i32 i32 i32) (result i32)
      (local $at i32) (local $to i32) (local $left i32)
      (local.set $at
        (call $room (i32.const 0) (i32.const 0) (i32.const 1) (i32.const {result_length})))
      (local.set $to (local.get $at))
      (memory.copy (local.get $to) (i32.const {first}) (i32.const {first_length}))
      (local.set $to (i32.add (local.get $to) (i32.const {first_length})))
      (local.set $left (i32.const {count}))
      (block $done (loop $again
        (br_if $done (i32.eqz (local.get $left)))
        (memory.copy (local.get $to) (i32.const {unit}) (i32.const {unit_length}))
        (local.set $to (i32.add (local.get $to) (i32.const {unit_length})))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br $again)))
      (memory.copy (local.get $to) (i32.const {last}) (i32.const {last_length}))
      (i32.store (i32.const 256) (i32.const 0))
      (i32.store (i32.const 260) (local.get $at))
      (i32.store (i32.const 264) (i32.const {result_length}))
      (i32.const 256)))
  (core instance $inner (instantiate $module))
  (alias core export $inner "memory" (core memory $memory))
  (alias core export $inner "realloc" (core func $realloc))
  (alias core export $inner "list" (core func $list'))
  (alias core export $inner "call" (core func $call'))
  (type $descriptor' (record (field "name" string) (field "description" string)
    (field "input-schema" string) (field "output-schema" string)))
  (export $descriptor "descriptor" (type $descriptor'))
  (type $code' (enum "invalid-input" "not-found" "unavailable" "failed"))
  (export $code "failure-code" (type $code'))
  (type $failure' (record (field "code" $code) (field "message" string) (field "retryable" bool)))
  (export $failure "failure" (type $failure'))
  (func $list (result (list $descriptor))
    (canon lift (core func $list') (memory $memory) (realloc $realloc)))
  (func $call (param "name" string) (param "input" string) (result (result string (error $failure)))
    (canon lift (core func $call') (memory $memory) (realloc $realloc)))
  (instance $tools
    (export "descriptor" (type $descriptor)) (export "failure-code" (type $code))
    (export "failure" (type $failure))
    (export "list" (func $list)) (export "call" (func $call)))
  (export "cofferdam:tool/tools@0.1.0" (instance $tools)))"#,
            list = words(&[128, 1]),
            descriptor = words(&descriptor),
        )
    }
}
