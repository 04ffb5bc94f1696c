;; It writes two thousand lines to its log on each batch.
;; bounded: 
(import "lifesigns:rule/log@0.1.0" "write" (func $write (param i32 i32 i32)))
(func (export "evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  (local i32)
  (local.set 10 (i32.const 2000))
  (loop
    (call $write (i32.const 0) (i32.const 40) (i32.const 6))
    (local.set 10 (i32.sub (local.get 10) (i32.const 1)))
    (br_if 0 (local.get 10)))
  i32.const 2048)
