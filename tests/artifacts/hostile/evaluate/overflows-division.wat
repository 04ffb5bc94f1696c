;; It divides the least number by minus one.
;; fails: overflow
(func (export "evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  (i32.div_s (i32.const 0x80000000) (i32.const -1)))
