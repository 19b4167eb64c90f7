(* Lists, defined here from scratch, the way a first course does it. *)

Require Import List.
Import ListNotations.

Section Lists.
  Variable A : Type.

  Fixpoint snoc (l : list A) (x : A) : list A :=
    match l with
    | [] => [x]
    | y :: rest => y :: snoc rest x
    end.

  Fixpoint reverse (l : list A) : list A :=
    match l with
    | [] => []
    | x :: rest => snoc (reverse rest) x
    end.

  Lemma snoc_length : forall l x, length (snoc l x) = S (length l).
  Proof.
  Admitted.

  (* This one needs the lemma above. *)
  Lemma reverse_length : forall l, length (reverse l) = length l.
  Proof.
  Admitted.

  Lemma snoc_is_append : forall l x, snoc l x = l ++ [x].
  Proof.
  Admitted.

  Lemma reverse_snoc : forall l x, reverse (snoc l x) = x :: reverse l.
  Proof.
  Admitted.

  Theorem reverse_twice : forall l, reverse (reverse l) = l.
  Proof.
  Admitted.
End Lists.

Lemma map_append : forall (A B : Type) (f : A -> B) (l m : list A),
  map f (l ++ m) = map f l ++ map f m.
Proof.
Admitted.
