(* Propositional logic and quantifiers. *)

Section Propositions.
  Variables P Q R : Prop.

  Lemma and_commutes : P /\ Q -> Q /\ P.
  Proof. Admitted.

  Lemma curry : (P /\ Q -> R) <-> (P -> Q -> R).
  Proof. Admitted.

  Lemma distributes : P /\ (Q \/ R) <-> (P /\ Q) \/ (P /\ R).
  Proof. Admitted.

  Lemma not_both : ~ (P /\ ~ P).
  Proof. Admitted.
End Propositions.

Lemma not_exists : forall (A : Type) (P : A -> Prop), ~ (exists x, P x) -> forall x, ~ P x.
Proof. Admitted.

Lemma forall_and : forall (A : Type) (P Q : A -> Prop),
  (forall x, P x /\ Q x) <-> (forall x, P x) /\ (forall x, Q x).
Proof. Admitted.
