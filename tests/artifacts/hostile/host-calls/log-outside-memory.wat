;; It logs what is outside its memory.
;; fails: 
(import "lifesigns:rule/log@0.1.0" "write" (func $write (param i32 i32 i32)))
(func (export "evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  (call $write (i32.const 0) (i32.const 0x7fff0000) (i32.const 6)) i32.const 2048)
