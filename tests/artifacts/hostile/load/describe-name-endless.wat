;; It has a name of four gigabytes.
;; refused: 
(data (i32.const 1028) "\00\00\00\00\ff\ff\ff\ff")
