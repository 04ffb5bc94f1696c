;; It traps when the host has taken its answer.
;; fails: unreachable
(func (export "cabi_post_evaluate") (param i32) unreachable)
(func (export "evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  i32.const 2048)
