;; It sets a reminder, without an interest in any.
;; fails: no interest in reminders
(import "lifesigns:rule/state@0.1.0" "remind-at" (func $remind (param i32 i32 i32 i64)))
(func (export "evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  (call $remind (i32.const 0) (i32.const 40) (i32.const 6) (i64.const -1)) i32.const 2048)
