;; It changes the state of an object that it was not given.
;; fails: asked for the state of event 4294967295
(import "lifesigns:rule/state@0.1.0" "set" (func $set (param i32 i32 i32 i32 i32 i64)))
(data (i32.const 1084) "\01\00\00\00\00\00\00\00")
(func (export "migrate") (param i32 i32 i32)
  (call $set (i32.const -1) (i32.const 40) (i32.const 6) (i32.const 0) (i32.const 1) (i64.const 0)))
