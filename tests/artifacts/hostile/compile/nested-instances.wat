;; It has a hundred instances of a component.
;; refused: 
(component
  (component $a (core module $m) (core instance (instantiate $m)))
  (component $b (component $c (core module $m) (core instance (instantiate $m)) (core instance (instantiate $m)))
    (instance (instantiate $c)) (instance (instantiate $c)))
  @repeat 100: (instance (instantiate $a))
  )
