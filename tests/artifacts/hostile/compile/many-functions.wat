;; It has sixty thousand functions.
;; refused: functions
(component
  (core module $m (func (export "f"))
    @repeat 60000: (func)
  )
  (core instance $i (instantiate $m))
  (func $f (canon lift (core func $i "f")))
  (export "describe" (func $f))
  (export "evaluate" (func $f)))
