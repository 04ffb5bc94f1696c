;; It loops when it is to take over state.
;; fails: deadline
(data (i32.const 1084) "\01\00\00\00\00\00\00\00")
(func (export "migrate") (param i32 i32 i32)
  (loop (br 0)))
