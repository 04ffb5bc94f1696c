;; It raises on an event that was not shown.
;; fails: names event 200
(data (i32.const 3008) "\00\0c\00\00\01\00\00\00")
(data (i32.const 3072) "\c8\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00")
(func (export "evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  i32.const 3000)
