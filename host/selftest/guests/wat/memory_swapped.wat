;; Looks for bytes of an earlier call in 24 MiB of fresh memory, traps when it finds any, fills all of it, and waits half
;; a second, in which somebody outside can write the pages to swap.
(component
  (import "wasi:clocks/monotonic-clock@0.2.6" (instance $clock (export "now" (func (result u64)))))
  (core func $now (canon lower (func $clock "now")))
  (core module $m
    (import "clock" "now" (func $now (result i64)))
    (memory 384)
    (func (export "run") (result i32) (local $at i32) (local $end i64)
      (loop $scan
        (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then unreachable))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br_if $scan (i32.lt_u (local.get $at) (i32.const 25165824))))
      (memory.fill (i32.const 0) (i32.const 171) (i32.const 25165824))
      (local.set $end (i64.add (call $now) (i64.const 500000000)))
      (loop $wait (br_if $wait (i64.lt_u (call $now) (local.get $end))))
      i32.const 0))
  (core instance $i (instantiate $m (with "clock" (instance (export "now" (func $now))))))
  (func $run (result (result)) (canon lift (core func $i "run")))
  (instance $exports (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $exports)))
