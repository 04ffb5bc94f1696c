;; It shares a memory between threads.
;; refused: 
(component
  (core module $m (func (export "f"))
    (memory 1 1 shared)
  )
  (core instance $i (instantiate $m))
  (func $f (canon lift (core func $i "f")))
  (export "describe" (func $f))
  (export "evaluate" (func $f)))
