;; Returns a list of 850,000 flags, 32 in each, whose names have one or two letters: 3 MiB of the
;; guest become a gigabyte of strings on a host that counts their letters alone.
(component
  (type $flags (flags "a" "b" "c" "d" "e" "f" "g" "h" "i" "j" "k" "l" "m" "n" "o" "p" "q" "r" "s"
    "t" "u" "v" "w" "x" "y" "z" "aa" "ab" "ac" "ad" "ae" "af"))
  (export $set "set" (type $flags))
  (core module $m
    (memory (export "memory") 55)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 65536)
    (func (export "list") (result i32)
      (memory.fill (i32.const 65536) (i32.const 255) (i32.const 3400000))
      (i32.store (i32.const 16) (i32.const 65536))
      (i32.store (i32.const 20) (i32.const 850000))
      i32.const 16))
  (core instance $i (instantiate $m))
  (func (export "list") (result (list $set))
    (canon lift (core func $i "list") (memory (core memory $i "memory"))
      (realloc (core func $i "realloc")))))
