;; It reads outside its memory.
;; fails: out of bounds
(func (export "evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  (i32.load (i32.const 0x7fffffff)))
