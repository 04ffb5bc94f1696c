;; It stores for an event that it was not shown.
;; fails: asked for the state of event 4294967295
(import "lifesigns:rule/state@0.1.0" "set" (func $set (param i32 i32 i32 i32 i32 i64)))
(func (export "evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  (call $set (i32.const -1) (i32.const 40) (i32.const 6) (i32.const 0) (i32.const 1) (i64.const 0)) i32.const 2048)
