;; It stores a value that is a byte too large.
;; fails: the limit is 65536
(import "lifesigns:rule/state@0.1.0" "set" (func $set (param i32 i32 i32 i32 i32 i64)))
(func (export "evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  (call $set (i32.const 0) (i32.const 40) (i32.const 6) (i32.const 0) (i32.const 65537) (i64.const 0)) i32.const 2048)
