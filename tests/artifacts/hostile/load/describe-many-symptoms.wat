;; It declares 268 million symptoms.
;; refused: 
(data (i32.const 1044) "\40\00\00\00\ff\ff\ff\0f")
