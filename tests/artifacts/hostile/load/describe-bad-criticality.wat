;; It has a criticality that there is not.
;; refused: 
(data (i32.const 80) "\63")
