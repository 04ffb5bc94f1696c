;; It returns an answer at an odd address.
;; fails: 
(func (export "evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  i32.const 2049)
