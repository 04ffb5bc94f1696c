;; It exports only half of the contract.
;; refused: no export `evaluate`
(component
  (core module $m (func (export "f")))
  (core instance $i (instantiate $m))
  (func $f (canon lift (core func $i "f")))
  (export "describe" (func $f)))
