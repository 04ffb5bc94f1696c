;; It loops over calls of a function.
;; fails: deadline
(func $nothing)
(func (export "evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  (loop (call $nothing) (br 0)) unreachable)
