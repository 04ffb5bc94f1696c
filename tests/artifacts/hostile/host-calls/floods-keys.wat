;; It stores under two thousand keys on each batch.
;; bounded: 
(import "lifesigns:rule/state@0.1.0" "set" (func $set (param i32 i32 i32 i32 i32 i64)))
(func (export "evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  (local i32)
  (local.set 10 (i32.const 2000))
  (loop
    (i32.store (i32.const 3000) (i32.or (local.get 10) (i32.const 0x01010000)))
    (i32.store8 (i32.const 3000) (i32.and (local.get 10) (i32.const 0x7f)))
    (i32.store8 (i32.const 3001) (i32.and (i32.shr_u (local.get 10) (i32.const 7)) (i32.const 0x7f)))
    (call $set (i32.const 0) (i32.const 3000) (i32.const 4) (i32.const 0) (i32.const 100) (i64.const 0))
    (local.set 10 (i32.sub (local.get 10) (i32.const 1)))
    (br_if 0 (local.get 10)))
  i32.const 2048)
