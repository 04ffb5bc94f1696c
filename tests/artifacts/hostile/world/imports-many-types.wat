;; It has twelve thousand types.
;; refused: 
(component
  @repeat 12000: (type (func (param "p#" u32)))
  (core module $m (func (export "f")))
  (core instance $i (instantiate $m))
  (func $f (canon lift (core func $i "f")))
  (export "describe" (func $f))
  (export "evaluate" (func $f)))
