;; It is a core module.
;; refused: 
;; core
(module)
