;; Takes all the memory a call may have, leaves bytes in every page of 64 KiB, and traps when the last tenant's are there.
;; Then it computes for a while, so that others get their turn while it holds all that.
(component
  (core module $m
    (memory 512)
    (func (export "run") (result i32) (local $at i32) (local $count i32)
      (if (i32.eq (memory.grow (i32.const 512)) (i32.const -1)) (then unreachable))
      (loop $touch
        (if (i64.eq (i64.load (local.get $at)) (i64.const 0x5ca1ab1edeadbeef)) (then unreachable))
        (i64.store (local.get $at) (i64.const 0x5ca1ab1edeadbeef))
        (local.set $at (i32.add (local.get $at) (i32.const 65536)))
        (br_if $touch (i32.lt_u (local.get $at) (i32.const 67108864))))
      (loop $compute
        (local.set $count (i32.add (local.get $count) (i32.const 1)))
        (br_if $compute (i32.lt_u (local.get $count) (i32.const 5000000))))
      i32.const 0))
  (core instance $i (instantiate $m))
  (func $run (result (result)) (canon lift (core func $i "run")))
  (instance $exports (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $exports)))
