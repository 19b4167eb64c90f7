(* Booleans: case splits do nearly everything. *)

Definition xor (a b : bool) : bool :=
  match a with
  | true => negb b
  | false => b
  end.

Lemma xor_symmetric : forall a b, xor a b = xor b a.
Proof. Admitted.

Lemma xor_associative : forall a b c, xor a (xor b c) = xor (xor a b) c.
Proof. Admitted.

Lemma de_morgan : forall a b, negb (andb a b) = orb (negb a) (negb b).
Proof. Admitted.

Lemma andb_true : forall a b, andb a b = true <-> a = true /\ b = true.
Proof.
  intros a b. split.
  - intros H. destruct a.
    + admit.
    + discriminate H.
  - intros [Ha Hb]. rewrite Ha, Hb. reflexivity.
Admitted.
