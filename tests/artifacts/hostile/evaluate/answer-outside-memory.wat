;; It returns an answer that lies outside its memory.
;; fails: 
(func (export "evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  i32.const 0x7ffffff0)
