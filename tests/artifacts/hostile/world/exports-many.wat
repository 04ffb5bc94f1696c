;; It has two thousand exports.
;; refused: exports
(component
  (core module $m (func (export "f")))
  (core instance $i (instantiate $m))
  (func $f (canon lift (core func $i "f")))
  @repeat 2000: (export "e#" (func $f))
  )
