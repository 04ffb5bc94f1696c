;; It has deep types, and imports what there is not.
;; refused: 
(component
  (type $t0 (list u8))
  @repeat 2000: (type (list $t0))
  (import "x" (func (param "p" $t0))))
