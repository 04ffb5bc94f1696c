;; It has a memory of 64 bits.
;; refused: 
(component
  (core module $m (func (export "f"))
    (memory i64 1)
  )
  (core instance $i (instantiate $m))
  (func $f (canon lift (core func $i "f")))
  (export "describe" (func $f))
  (export "evaluate" (func $f)))
