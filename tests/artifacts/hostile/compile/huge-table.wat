;; It begins with a hundred million elements.
;; refused: 
(component
  (core module $m (func (export "f"))
    (table 100000000 funcref)
  )
  (core instance $i (instantiate $m))
  (func $f (canon lift (core func $i "f")))
  (export "describe" (func $f))
  (export "evaluate" (func $f)))
