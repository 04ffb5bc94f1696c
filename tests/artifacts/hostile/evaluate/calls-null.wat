;; It calls an empty element of its table.
;; fails: 
(table 1 funcref)
(func (export "evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  (call_indirect (i32.const 0)) i32.const 2048)
