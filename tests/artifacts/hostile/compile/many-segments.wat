;; It has twenty thousand segments of data.
;; refused: segments
(component
  (core module $m (func (export "f"))
    (memory 1)
    @repeat 21000: (data (i32.const 0) "x")
  )
  (core instance $i (instantiate $m))
  (func $f (canon lift (core func $i "f")))
  (export "describe" (func $f))
  (export "evaluate" (func $f)))
