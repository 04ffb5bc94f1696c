;; It has alerts outside its memory.
;; fails: 
(data (i32.const 3008) "\f0\ff\01\00\08\00\00\00")
(func (export "evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  i32.const 3000)
