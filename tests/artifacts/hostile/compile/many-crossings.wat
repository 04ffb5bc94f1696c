;; It carries four thousand locals to four thousand places.
;; refused: crossings
(component
  (core module $m (func (export "f"))
    (func (local
    @repeat 4000: i32
    )
    @repeat 4000: (block (br_if 0 (local.get #)) (local.set # (i32.const 1)))
    )
  )
  (core instance $i (instantiate $m))
  (func $f (canon lift (core func $i "f")))
  (export "describe" (func $f))
  (export "evaluate" (func $f)))
