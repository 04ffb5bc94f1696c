;; It refuses its settings with two gigabytes.
;; refused: 
(data (i32.const 3000) "\01\00\00\00\00\00\00\00\ff\ff\ff\7f")
(func (export "describe") (param i32 i32) (result i32) i32.const 3000)
