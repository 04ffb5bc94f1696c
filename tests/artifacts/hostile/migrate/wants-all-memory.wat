;; It asks for four gigabytes when it is to take over state.
;; fails: memory-bytes
(data (i32.const 1084) "\01\00\00\00\00\00\00\00")
(func (export "migrate") (param i32 i32 i32)
  (drop (memory.grow (i32.const 65000))) unreachable)
