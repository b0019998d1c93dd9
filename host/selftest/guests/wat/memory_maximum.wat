;; Asks for far more than its own memory may have, twice, and leaves with a code of its own.
(component
  (import "wasi:cli/exit@0.2.6" (instance $exit (export "exit-with-code" (func (param "status-code" u8)))))
  (core func $leave (canon lower (func $exit "exit-with-code")))
  (core module $m
    (import "exit" "leave" (func $leave (param i32)))
    (memory 17 17)
    (func (export "run") (result i32)
      (drop (memory.grow (i32.const 900)))
      (drop (memory.grow (i32.const 900)))
      (call $leave (i32.const 7))
      i32.const 0))
  (core instance $i (instantiate $m (with "exit" (instance (export "leave" (func $leave))))))
  (func $run (result (result)) (canon lift (core func $i "run")))
  (instance $exports (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $exports)))
