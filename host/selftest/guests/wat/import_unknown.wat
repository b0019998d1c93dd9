;; Calls a power that no host has. Undeclared it is not even loaded; acknowledged as unused, the call is denied.
(component
  (import "acme:power/lever@1.0.0" (instance $lever
    (export "handle" (type $handle (sub resource)))
    (export "[constructor]handle" (func (result (own $handle))))
    (export "pull" (func))))
  (core func $pull (canon lower (func $lever "pull")))
  (core module $m
    (import "lever" "pull" (func $pull))
    (func (export "run") (result i32) call $pull i32.const 0))
  (core instance $i (instantiate $m (with "lever" (instance (export "pull" (func $pull))))))
  (func $run (result (result)) (canon lift (core func $i "run")))
  (instance $exports (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $exports)))
