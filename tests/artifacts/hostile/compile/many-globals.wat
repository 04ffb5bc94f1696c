;; It has twelve thousand globals.
;; refused: globals
(component
  (core module $m (func (export "f"))
    @repeat 12000: (global i32 (i32.const #))
  )
  (core instance $i (instantiate $m))
  (func $f (canon lift (core func $i "f")))
  (export "describe" (func $f))
  (export "evaluate" (func $f)))
