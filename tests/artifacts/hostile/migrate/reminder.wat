;; It sets a reminder when it is to take over state.
;; fails: no interest in reminders
(import "lifesigns:rule/state@0.1.0" "remind-at" (func $remind (param i32 i32 i32 i64)))
(data (i32.const 1084) "\01\00\00\00\00\00\00\00")
(func (export "migrate") (param i32 i32 i32)
  (call $remind (i32.const 0) (i32.const 40) (i32.const 6) (i64.const -1)))
