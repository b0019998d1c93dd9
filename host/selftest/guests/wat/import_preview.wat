;; A core module for the first two previews of WASI, which no program is linked to.
(module
  (import "wasi_unstable" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_readdir"
    (func $list (param i32 i32 i32 i64 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (call $poll (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
    (drop (call $list (i32.const 3) (i32.const 0) (i32.const 0) (i64.const 0) (i32.const 0)))))
