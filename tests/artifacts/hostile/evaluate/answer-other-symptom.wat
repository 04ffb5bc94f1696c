;; It raises a symptom that it has not declared.
;; fails: names symptom 9
(data (i32.const 3008) "\00\0c\00\00\01\00\00\00")
(data (i32.const 3072) "\00\00\00\00\09\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00")
(func (export "evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  i32.const 3000)
