;; It refuses its settings in bytes that are not UTF-8.
;; refused: 
(data (i32.const 3000) "\01\00\00\00\00\0c\00\00\04\00\00\00")
(data (i32.const 3072) "\ff\ff\ff\ff")
(func (export "describe") (param i32 i32) (result i32) i32.const 3000)
