;; It imports a function by a plain name.
;; refused: 
(component (import "system" (func (param "command" string))))
