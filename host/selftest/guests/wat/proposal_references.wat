;; Calls a function through a typed reference, which is a proposal that is switched off. It is refused
;; before anything of it is compiled.
(component
  (core module $m
    (type $t (func))
    (func $f (type $t))
    (elem declare func $f)
    (func (export "run") (result i32) (call_ref $t (ref.func $f)) i32.const 0))
  (core instance $i (instantiate $m))
  (func $run (result (result)) (canon lift (core func $i "run")))
  (instance $exports (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $exports)))
