;; It returns neither a description nor an error.
;; refused: 
(data (i32.const 3000) "\09")
(func (export "describe") (param i32 i32) (result i32) i32.const 3000)
