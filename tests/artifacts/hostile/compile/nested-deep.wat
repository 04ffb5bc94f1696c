;; It has components in components, forty deep.
;; refused: nested
(component
  @repeat 40: (component
  @repeat 40: )
  )
