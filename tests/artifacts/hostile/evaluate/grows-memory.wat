;; It grows its memory for ever.
;; fails: memory-bytes
(func (export "evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  (loop (drop (memory.grow (i32.const 16))) (br 0)) unreachable)
