;; It recurses with much on the stack.
;; fails: call stack exhausted
(func $deeper (param i64) (result i64) (local i64 i64 i64 i64 i64 i64 i64 i64)
  (local.set 1 (i64.mul (local.get 0) (i64.const 3)))
  (i64.add (local.get 1) (call $deeper (local.get 1))))
(func (export "evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  (drop (call $deeper (i64.const 1))) i32.const 2048)
