;; It calls a function as another type.
;; fails: indirect call type mismatch
(table 1 funcref)
(func $f)
(elem (i32.const 0) func $f)
(func (export "evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  (drop (call_indirect (param i32) (result i32) (i32.const 1) (i32.const 0))) i32.const 2048)
