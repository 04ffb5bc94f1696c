;; It has twelve thousand types of functions.
;; refused: types
(component
  (core module $m (func (export "f"))
    @repeat 12000: (type (func (param i32 i64)))
  )
  (core instance $i (instantiate $m))
  (func $f (canon lift (core func $i "f")))
  (export "describe" (func $f))
  (export "evaluate" (func $f)))
