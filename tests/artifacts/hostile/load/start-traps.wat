;; It traps in its start function.
;; refused: unreachable
(func $trap unreachable)
(start $trap)
