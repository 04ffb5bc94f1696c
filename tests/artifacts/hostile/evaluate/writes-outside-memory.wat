;; It writes outside its memory.
;; fails: out of bounds
(func (export "evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  (i32.store (i32.const -4) (i32.const 1)) i32.const 2048)
