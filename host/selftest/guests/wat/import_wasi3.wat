;; Sends a request by WASI 0.3, which no component is linked to. Undeclared it is not even loaded;
;; acknowledged as unused, the call is denied.
(component
  (import "wasi:http/client@0.3.0" (instance $client (export "send" (func))))
  (core func $send (canon lower (func $client "send")))
  (core module $m
    (import "client" "send" (func $send))
    (func (export "run") (result i32) call $send i32.const 0))
  (core instance $i (instantiate $m (with "client" (instance (export "send" (func $send))))))
  (func $run (result (result)) (canon lift (core func $i "run")))
  (instance $exports (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $exports)))
