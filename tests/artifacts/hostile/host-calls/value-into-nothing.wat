;; It has the host write a value outside its memory.
;; fails: 
(import "lifesigns:rule/state@0.1.0" "set" (func $set (param i32 i32 i32 i32 i32 i64)))
(import "lifesigns:rule/state@0.1.0" "get" (func $get (param i32 i32 i32 i32)))
(func (export "evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  (call $set (i32.const 0) (i32.const 40) (i32.const 6) (i32.const 0) (i32.const 100) (i64.const 0))
  (call $get (i32.const 0) (i32.const 40) (i32.const 6) (i32.const 0x7ffffff0)) i32.const 2048)
