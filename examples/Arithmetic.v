(* Small facts about natural numbers.  Every `Admitted.` is a hole. *)

Require Import Lia.

Fixpoint double (n : nat) : nat :=
  match n with
  | O => O
  | S m => S (S (double m))
  end.

Fixpoint sum_to (n : nat) : nat :=
  match n with
  | O => O
  | S m => S m + sum_to m
  end.

Lemma add_zero_right : forall n : nat, n + 0 = n.
Proof. Admitted.

Lemma add_succ_right : forall n m : nat, n + S m = S (n + m).
Proof.
  intros n m.
Admitted.

Lemma double_is_plus : forall n, double n = n + n.
Admitted.

Lemma sum_to_formula : forall n, 2 * sum_to n = n * (n + 1).
Proof.
Admitted.

Lemma between : forall a b c : nat, a < b -> b < c -> c < a + 3 -> b = a + 1.
Proof. Admitted.
