;; It has a hundred tables.
;; refused: tables and memories
(component
  (core module $m (func (export "f"))
    @repeat 100: (table 1 funcref)
  )
  (core instance $i (instantiate $m))
  (func $f (canon lift (core func $i "f")))
  (export "describe" (func $f))
  (export "evaluate" (func $f)))
