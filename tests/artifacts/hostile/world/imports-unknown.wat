;; It imports what this host does not know.
;; refused: 
(component (import "evil:corp/thing@1.0.0" (instance)))
