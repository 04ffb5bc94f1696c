;; It returns a description that lies outside its memory.
;; refused: 
(func (export "describe") (param i32 i32) (result i32) i32.const 0x7ffffff0)
