;; It has a text of four gigabytes.
;; fails: 
(data (i32.const 3000) "\00\00\00\00\ff\ff\ff\ff")
(func (export "evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  i32.const 3000)
