;; Lends one resource a million times at once, from one component inside it to another. The engine
;; remembers each loan until the call ends.
(component
  (component $owner
    (type $r' (resource (rep i32)))
    (core func $new (canon resource.new $r'))
    (core module $m
      (import "l" "new" (func $new (param i32) (result i32)))
      (memory (export "memory") 70)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 16)
      (func (export "make") (result i32) (call $new (i32.const 7)))
      (func (export "take") (param i32 i32)))
    (core instance $i (instantiate $m (with "l" (instance (export "new" (func $new))))))
    (export $r "r" (type $r'))
    (func (export "make") (result (own $r)) (canon lift (core func $i "make")))
    (func (export "take") (param "all" (list (borrow $r)))
      (canon lift (core func $i "take") (memory (core memory $i "memory"))
        (realloc (core func $i "realloc")))))
  (component $borrower
    (import "owner" (instance $owner
      (export "r" (type $r (sub resource)))
      (export "make" (func (result (own $r))))
      (export "take" (func (param "all" (list (borrow $r)))))))
    (core module $libc (memory (export "memory") 70))
    (core instance $libc (instantiate $libc))
    (core func $make (canon lower (func $owner "make")))
    (core func $take (canon lower (func $owner "take") (memory (core memory $libc "memory"))))
    (core module $m
      (import "l" "memory" (memory 70))
      (import "l" "make" (func $make (result i32)))
      (import "l" "take" (func $take (param i32 i32)))
      (func (export "run") (result i32) (local $handle i32) (local $at i32)
        (local.set $handle (call $make))
        (loop $again
          (i32.store offset=16 (local.get $at) (local.get $handle))
          (local.set $at (i32.add (local.get $at) (i32.const 4)))
          (br_if $again (i32.lt_u (local.get $at) (i32.const 4000000))))
        (call $take (i32.const 16) (i32.const 1000000))
        i32.const 0))
    (core instance $i (instantiate $m (with "l" (instance
      (export "memory" (memory $libc "memory"))
      (export "make" (func $make))
      (export "take" (func $take))))))
    (func $run (result (result)) (canon lift (core func $i "run")))
    (instance $exports (export "run" (func $run)))
    (export "wasi:cli/run@0.2.0" (instance $exports)))
  (instance $o (instantiate $owner))
  (instance $b (instantiate $borrower (with "owner" (instance $o))))
  (export "wasi:cli/run@0.2.0" (instance $b "wasi:cli/run@0.2.0")))
