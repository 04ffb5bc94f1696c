;; It loops.
;; fails: deadline
(func (export "evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  (loop (br 0)) unreachable)
