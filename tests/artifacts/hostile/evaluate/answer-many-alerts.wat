;; It answers with 178 million alerts.
;; fails: 
(data (i32.const 3008) "\00\00\00\00\aa\aa\aa\0a")
(func (export "evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  i32.const 3000)
