;; It overwrites its whole memory, its answer too.
;; fails: 
(func (export "evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  (memory.fill (i32.const 0) (i32.const 0xff) (i32.const 65536)) i32.const 2048)
