;; It takes over state of a version above its own.
;; refused: migrates state from version 9 on
(data (i32.const 1084) "\01\00\00\00\09\00\00\00")
