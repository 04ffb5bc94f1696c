;; It begins with four gigabytes.
;; refused: 
(component
  (core module $m (func (export "f"))
    (memory 65536)
  )
  (core instance $i (instantiate $m))
  (func $f (canon lift (core func $i "f")))
  (export "describe" (func $f))
  (export "evaluate" (func $f)))
