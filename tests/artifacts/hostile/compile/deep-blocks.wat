;; It has blocks in blocks, twenty thousand deep.
;; refused: 
(component
  (core module $m (func (export "f"))
    (func (local i32)
    @repeat 20000: block
    @repeat 20000: end
    )
  )
  (core instance $i (instantiate $m))
  (func $f (canon lift (core func $i "f")))
  (export "describe" (func $f))
  (export "evaluate" (func $f)))
