;; It makes a whole number of what is none.
;; fails: 
(func (export "evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  (i32.trunc_f32_s (f32.const nan)))
