;; It throws exceptions.
;; refused: 
(component
  (core module $m (func (export "f"))
    (tag (param i32))
    (func (throw 0 (i32.const 1)))
  )
  (core instance $i (instantiate $m))
  (func $f (canon lift (core func $i "f")))
  (export "describe" (func $f))
  (export "evaluate" (func $f)))
