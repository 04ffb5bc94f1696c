;; It says that it takes over state, and exports no `migrate`.
;; refused: exports no `migrate`
(data (i32.const 1084) "\01\00\00\00\00\00\00\00")
