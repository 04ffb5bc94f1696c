;; It has a thousand exports of one function.
;; refused: 
(component
  (core module $m (func (export "f"))
    (func $g)
    @repeat 1200: (export "e#" (func $g))
  )
  (core instance $i (instantiate $m))
  (func $f (canon lift (core func $i "f")))
  (export "describe" (func $f))
  (export "evaluate" (func $f)))
