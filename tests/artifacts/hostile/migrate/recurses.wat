;; It recurses until the stack is used up when it is to take over state.
;; fails: call stack exhausted
(func $deeper (call $deeper))
(data (i32.const 1084) "\01\00\00\00\00\00\00\00")
(func (export "migrate") (param i32 i32 i32)
  (call $deeper))
