;; It has an interest in kinds that there are not.
;; refused: names no kind
(data (i32.const 128) "\f0")
