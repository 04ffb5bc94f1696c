;; It has no interest.
;; refused: no interest
(data (i32.const 1052) "\80\00\00\00\00\00\00\00")
