;; It grows its memory in its start function for ever.
;; refused: memory
(func $grow (loop (drop (memory.grow (i32.const 16))) (br 0)))
(start $grow)
