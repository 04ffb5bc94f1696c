;; It recurses in its start function until the stack is used up.
;; refused: call stack exhausted
(func $deeper (call $deeper))
(start $deeper)
