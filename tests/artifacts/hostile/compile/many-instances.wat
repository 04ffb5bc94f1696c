;; It has ten thousand instances of a module.
;; refused: instances within
(component
  (core module $m)
  @repeat 10000: (core instance (instantiate $m))
  )
