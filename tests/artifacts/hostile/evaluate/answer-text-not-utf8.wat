;; It has a text that is not UTF-8.
;; fails: 
(data (i32.const 3000) "\00\0c\00\00\02\00\00\00")
(data (i32.const 3072) "\c3\28")
(func (export "evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  i32.const 3000)
