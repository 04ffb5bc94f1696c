;; It has a function of a megabyte and more.
;; refused: 
(component
  (core module $m (func (export "f"))
    (func
    @repeat 400000: (drop (i32.const #))
    )
  )
  (core instance $i (instantiate $m))
  (func $f (canon lift (core func $i "f")))
  (export "describe" (func $f))
  (export "evaluate" (func $f)))
