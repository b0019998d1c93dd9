;; Fills all of its memory, again and again: each instruction moves 60 MiB.
(component
  (core module $m
    (memory 960)
    (func (export "run") (result i32)
      (loop $again
        (memory.fill (i32.const 0) (i32.const 1) (i32.const 62914560))
        br $again)
      i32.const 0))
  (core instance $i (instantiate $m))
  (func $run (result (result)) (canon lift (core func $i "run")))
  (instance $exports (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $exports)))
