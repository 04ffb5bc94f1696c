;; It grows its table for ever.
;; fails: 
(table $t 1 funcref)
(func (export "evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  (loop (drop (table.grow $t (ref.null func) (i32.const 1000))) (br 0)) unreachable)
