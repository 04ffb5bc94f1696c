;; It computes for a while on each event, within its deadline.
;; bounded: 
(func (export "evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  (local i32)
  (local.set 10 (i32.const 200000))
  (loop (local.set 10 (i32.sub (local.get 10) (i32.const 1))) (br_if 0 (local.get 10)))
  i32.const 2048)
