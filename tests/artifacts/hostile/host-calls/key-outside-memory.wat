;; It gives the host a key outside its memory.
;; fails: 
(import "lifesigns:rule/state@0.1.0" "set" (func $set (param i32 i32 i32 i32 i32 i64)))
(func (export "evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  (call $set (i32.const 0) (i32.const 0x7fff0000) (i32.const 9) (i32.const 0) (i32.const 1) (i64.const 0)) i32.const 2048)
