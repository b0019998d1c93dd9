;; Logs at a level that the type does not have.
(component
  (import "cofferdam:tool/host@0.1.0" (instance $host
    (type $levels (enum "debug" "info" "warn" "error"))
    (export "level" (type $level (eq $levels)))
    (export "log" (func (param "level" $level) (param "message" string)))))
  (core module $libc
    (memory (export "memory") 1)
    (data (i32.const 1024) "\ff\fe\ff\fe"))
  (core instance $libc (instantiate $libc))
  (core func $log (canon lower (func $host "log") (memory (core memory $libc "memory"))))
  (core module $m
    (import "host" "log" (func $log (param i32 i32 i32)))
    (func (export "run") (result i32) (call $log (i32.const 77) (i32.const 0) (i32.const 1)) i32.const 0))
  (core instance $i (instantiate $m (with "host" (instance (export "log" (func $log))))))
  (func $run (result (result)) (canon lift (core func $i "run")))
  (instance $exports (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $exports)))
