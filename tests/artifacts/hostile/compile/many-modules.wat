;; It has a hundred modules.
;; refused: modules and components within
(component
  @repeat 100: (core module)
  )
