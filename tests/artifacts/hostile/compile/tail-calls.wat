;; It calls itself for ever without a stack.
;; refused: 
(component
  (core module $m (func (export "f"))
    (func $g (return_call $g))
  )
  (core instance $i (instantiate $m))
  (func $f (canon lift (core func $i "f")))
  (export "describe" (func $f))
  (export "evaluate" (func $f)))
