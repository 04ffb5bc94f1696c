;; It has interests outside its memory.
;; refused: 
(data (i32.const 1052) "\f0\ff\00\00\00\04\00\00")
