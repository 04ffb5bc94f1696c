;; It names itself by bytes outside its memory.
;; refused: 
(data (i32.const 1028) "\00\00\ff\7f\ff\00\00\00")
