;; It asks for four gigabytes at once.
;; fails: memory-bytes
(func (export "evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  (drop (memory.grow (i32.const 65000))) unreachable)
