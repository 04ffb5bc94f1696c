;; It imports another version of the contract.
;; refused: 
(component (import "lifesigns:rule/state@9.9.9" (instance)))
