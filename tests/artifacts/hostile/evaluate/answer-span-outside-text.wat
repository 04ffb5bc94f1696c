;; It has a summary outside its text.
;; fails: of a text of
(data (i32.const 3008) "\00\0c\00\00\01\00\00\00")
(data (i32.const 3072) "\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\ff\00\00\00\00\00\00\00")
(func (export "evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  i32.const 3000)
