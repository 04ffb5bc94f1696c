;; It names itself in bytes that are not UTF-8.
;; refused: 
(data (i32.const 16) "\ff\fe\fd")
