;; It recurses until the stack is used up.
;; fails: call stack exhausted
(func $deeper (call $deeper))
(func (export "evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  (call $deeper) i32.const 2048)
