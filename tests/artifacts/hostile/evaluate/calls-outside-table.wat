;; It calls a function outside its table.
;; fails: 
(table 1 funcref)
(func (export "evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  (call_indirect (i32.const 99)) i32.const 2048)
