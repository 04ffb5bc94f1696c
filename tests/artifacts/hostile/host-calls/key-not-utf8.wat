;; It gives the host a key that is not UTF-8.
;; fails: 
(import "lifesigns:rule/state@0.1.0" "set" (func $set (param i32 i32 i32 i32 i32 i64)))
(data (i32.const 3000) "\ff\ff")
(func (export "evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  (call $set (i32.const 0) (i32.const 3000) (i32.const 2) (i32.const 0) (i32.const 1) (i64.const 0)) i32.const 2048)
