;; It has a table of two hundred thousand jumps.
;; refused: 
(component
  (core module $m (func (export "f"))
    (func (param i32) (block (br_table
    @repeat 200000: 0
    0 (local.get 0))))
  )
  (core instance $i (instantiate $m))
  (func $f (canon lift (core func $i "f")))
  (export "describe" (func $f))
  (export "evaluate" (func $f)))
