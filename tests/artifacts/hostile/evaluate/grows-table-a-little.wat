;; It grows its table on each batch.
;; bounded: 
(table $t 1 funcref)
(func (export "evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  (drop (table.grow $t (ref.null func) (i32.const 10))) i32.const 2048)
