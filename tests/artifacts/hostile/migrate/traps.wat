;; It traps when it is to take over state.
;; fails: unreachable
(data (i32.const 1084) "\01\00\00\00\00\00\00\00")
(func (export "migrate") (param i32 i32 i32)
  unreachable)
