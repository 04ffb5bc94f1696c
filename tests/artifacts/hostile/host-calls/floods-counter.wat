;; It counts as much as it can, over all of time.
;; bounded: 
(import "lifesigns:rule/state@0.1.0" "count" (func $count (param i32 i32 i32 i32 i64) (result i64)))
(func (export "evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  (local i32)
  (local.set 10 (i32.const 2000))
  (loop
    (drop (call $count (i32.const 0) (i32.const 40) (i32.const 6) (i32.const -1) (i64.const -1)))
    (local.set 10 (i32.sub (local.get 10) (i32.const 1)))
    (br_if 0 (local.get 10)))
  i32.const 2048)
