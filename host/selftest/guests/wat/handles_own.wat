;; Makes resources of its own without end. They lie in tables of the engine, and no function of the
;; host is called for them.
(component
  (type $r (resource (rep i32)))
  (core func $new (canon resource.new $r))
  (core module $m
    (import "l" "new" (func $new (param i32) (result i32)))
    (func (export "run") (result i32)
      (loop $again (drop (call $new (i32.const 7))) (br $again))
      i32.const 0))
  (core instance $i (instantiate $m (with "l" (instance (export "new" (func $new))))))
  (func $run (result (result)) (canon lift (core func $i "run")))
  (instance $exports (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $exports)))
