;; It has two memories.
;; refused: 
(component
  (core module $m (func (export "f"))
    (memory 1) (memory 1)
  )
  (core instance $i (instantiate $m))
  (func $f (canon lift (core func $i "f")))
  (export "describe" (func $f))
  (export "evaluate" (func $f)))
