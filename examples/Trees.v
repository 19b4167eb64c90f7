(* Binary trees in a module; one proof is half done, with an `admit.` in a bullet. *)

Require Import Lia.

Module Tree.
  Inductive tree : Type :=
  | leaf : tree
  | node : tree -> nat -> tree -> tree.

  Fixpoint size (t : tree) : nat :=
    match t with
    | leaf => 0
    | node l _ r => S (size l + size r)
    end.

  Fixpoint height (t : tree) : nat :=
    match t with
    | leaf => 0
    | node l _ r => S (Nat.max (height l) (height r))
    end.

  Fixpoint mirror (t : tree) : tree :=
    match t with
    | leaf => leaf
    | node l x r => node (mirror r) x (mirror l)
    end.

  Theorem mirror_twice : forall t, mirror (mirror t) = t.
  Proof.
    intros t.
    induction t as [| l IHl x r IHr].
    - reflexivity.
    - simpl.
      admit.
  Admitted.

  Theorem mirror_size : forall t, size (mirror t) = size t.
  Proof.
  Admitted.

  Theorem height_at_most_size : forall t, height t <= size t.
  Proof.
  Admitted.
End Tree.
