;; Drops elements without end: a call of the engine each time, in which the guest yields before its
;; fuel is written down.
(component
  (core module $m
    (table 1 funcref)
    (elem $e func $run)
    (func $run (export "run") (result i32)
      (loop $again (elem.drop $e) (br $again))
      i32.const 0))
  (core instance $i (instantiate $m))
  (func $run (result (result)) (canon lift (core func $i "run")))
  (instance $exports (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $exports)))
