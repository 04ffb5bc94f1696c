;; It is an empty component.
;; refused: 
(component)
