;; It has sixty thousand elements in a table.
;; refused: elements of tables
(component
  (core module $m (func (export "f"))
    (table 60000 funcref)
    (elem (i32.const 0) func
    @repeat 60000: 0
    )
  )
  (core instance $i (instantiate $m))
  (func $f (canon lift (core func $i "f")))
  (export "describe" (func $f))
  (export "evaluate" (func $f)))
