;; Waits for a handle that it does not have.
(component
  (import "wasi:io/poll@0.2.6" (instance $poll
    (export "pollable" (type $pollable (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $pollable))))))
  (core func $block (canon lower (func $poll "[method]pollable.block")))
  (core module $m
    (import "poll" "block" (func $block (param i32)))
    (func (export "run") (result i32) (call $block (i32.const 4711)) i32.const 0))
  (core instance $i (instantiate $m (with "poll" (instance (export "block" (func $block))))))
  (func $run (result (result)) (canon lift (core func $i "run")))
  (instance $exports (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $exports)))
