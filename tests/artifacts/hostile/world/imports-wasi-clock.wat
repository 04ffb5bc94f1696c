;; It imports a clock.
;; refused: 
(component (import "wasi:clocks/monotonic-clock@0.2.6" (instance)))
