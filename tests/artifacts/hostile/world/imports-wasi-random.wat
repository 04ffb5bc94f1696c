;; It imports randomness.
;; refused: 
(component (import "wasi:random/random@0.2.6" (instance)))
