;; It loops in its start function.
;; refused: deadline
(func $spin (loop (br 0)))
(start $spin)
