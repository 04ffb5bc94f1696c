;; It has six thousand locals in one function.
;; refused: locals in one function
(component
  (core module $m (func (export "f"))
    (func (local
    @repeat 6000: i64
    ))
  )
  (core instance $i (instantiate $m))
  (func $f (canon lift (core func $i "f")))
  (export "describe" (func $f))
  (export "evaluate" (func $f)))
