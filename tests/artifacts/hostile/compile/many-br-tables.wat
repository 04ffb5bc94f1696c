;; It has hundreds of tables of jumps, and exports the wrong types.
;; refused: 
(component
  (core module $m (func (export "f"))
    @repeat 300: (func (param i32) (block (block (block (br_table 0 1 2 0 1 2 0 1 2 0 1 2 0 1 2 0 1 2 0 1 2 0 1 2 0 1 2 0 1 2 0 (local.get 0))))))
  )
  (core instance $i (instantiate $m))
  (func $f (canon lift (core func $i "f")))
  (export "describe" (func $f))
  (export "evaluate" (func $f)))
