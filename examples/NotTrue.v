(* An honest "not proved": the first claim is false, the second is true. *)

Require Import Lia.

Lemma minus_then_plus : forall a b : nat, (a - b) + b = a.
Proof.
Admitted.

Lemma minus_then_plus_if_smaller : forall a b : nat, b <= a -> (a - b) + b = a.
Proof.
Admitted.
