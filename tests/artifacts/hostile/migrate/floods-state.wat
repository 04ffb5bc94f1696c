;; It makes a thousand times 64 KiB of the state of one object.
;; fails: object-state-bytes
(import "lifesigns:rule/state@0.1.0" "set" (func $set (param i32 i32 i32 i32 i32 i64)))
(data (i32.const 1084) "\01\00\00\00\00\00\00\00")
(func (export "migrate") (param i32 i32 i32)
  (local i32)
  (local.set 3 (i32.const 1000))
  (loop
    (i32.store8 (i32.const 3000) (i32.and (local.get 3) (i32.const 0x7f)))
    (i32.store8 (i32.const 3001) (i32.shr_u (local.get 3) (i32.const 7)))
    (call $set (i32.const 0) (i32.const 3000) (i32.const 2) (i32.const 0) (i32.const 65536) (i64.const 0))
    (local.set 3 (i32.sub (local.get 3) (i32.const 1)))
    (br_if 0 (local.get 3))))
