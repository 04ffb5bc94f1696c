;; It has a text outside its memory.
;; fails: 
(data (i32.const 3000) "\00\00\ff\7f\ff\00\00\00")
(func (export "evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  i32.const 3000)
