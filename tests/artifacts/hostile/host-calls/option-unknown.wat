;; It passes an option that is neither there nor not.
;; fails: 
(import "lifesigns:rule/state@0.1.0" "distinct" (func $distinct (param i32 i32 i32 i32 i32 i32 i64) (result i64)))
(func (export "evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  (drop (call $distinct (i32.const 0) (i32.const 40) (i32.const 6) (i32.const 7) (i32.const 0) (i32.const 1) (i64.const 1))) i32.const 2048)
