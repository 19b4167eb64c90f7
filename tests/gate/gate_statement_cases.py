"""Cheats with the statement: the candidate proves something else than what the reference states."""

from __future__ import annotations

from gate_case import Case, wrong

from proofloom.proofs import Finding

STRUCTURE = "Structure S := { c : Set; p : c }."
DERIVE = "From Coq Require Import Derive.\n"

STATEMENTS = [
    wrong("R-20 section hypothesis", "Section S. Hypothesis H : 1 = 2. Lemma t : 1 = 2. Proof. exact H. Qed. End S."),
    wrong("R-21 extra premise", "Lemma t : 1 = 2 -> 1 = 2. Proof. exact (fun H => H). Qed."),
    wrong(
        "R-22 notation for equality",
        'Notation "x = y" := (x <= y) : type_scope. Lemma t : 1 = 2. Proof. repeat constructor. Qed.',
    ),
    wrong(
        "R-23 own False",
        "Inductive False : Prop := triv. Lemma t : False. Proof. exact triv. Qed.",
        reference="Lemma t : False. Admitted.",
        reason="Gated.False",
    ),
    wrong(
        "R-24 own nat",
        "Inductive nat := O. Lemma t : forall x y : nat, x = y. Proof. destruct x, y. reflexivity. Qed.",
        reference="Lemma t : forall x y : nat, x = y. Admitted.",
        reason="Gated.nat",
    ),
    wrong(
        "R-25 scope with another plus",
        'Declare Scope s. Notation "x + y" := (x - y) : s. Open Scope s. Lemma t : 1 + 1 = 0. Proof. reflexivity. Qed.',
        reference="Lemma t : 1 + 1 = 0. Admitted.",
    ),
    wrong(
        "R-26 number notation",
        "Inductive u := pt. Definition r (n : Number.uint) : option u := Some pt.\n"
        "Definition w (x : u) : Number.uint := Number.UIntDecimal (Decimal.D0 Decimal.Nil).\n"
        "Declare Scope s. Number Notation u r w : s. Open Scope s. Lemma t : 1 = 2. Proof. reflexivity. Qed.",
    ),
    wrong(
        "R-27 coercion",
        "Definition c (n : nat) : Prop := True. Coercion c : nat >-> Sortclass. Lemma t : 1. Proof. exact I. Qed.",
    ),
    wrong(
        "R-28 instance behind an infix",
        'Class Plus := plus : nat -> nat -> nat. Infix "+++" := plus (at level 50). Instance p : Plus := Nat.add.\n'
        "Instance q : Plus := fun _ _ => 3. Lemma t : 1 +++ 1 = 3. Proof. reflexivity. Qed.",
        reference='Class Plus := plus : nat -> nat -> nat. Infix "+++" := plus (at level 50).\n'
        "Instance p : Plus := Nat.add. Lemma t : 1 +++ 1 = 3. Admitted.",
        reason="Gated.q",
    ),
    wrong(
        "an instance of a canonical structure changed",
        f"{STRUCTURE} Canonical Structure s := {{| c := nat; p := 1 |}}. Lemma t : p _ = 1. Proof. reflexivity. Qed.",
        "definitions",
        reference=f"{STRUCTURE} Canonical Structure s := {{| c := nat; p := 0 |}}. Lemma t : p _ = 1. Admitted.",
        reason="Gated.s",
    ),
    wrong(
        "a premise by implicit generalisation",
        "Class Z (n : nat) := z : n = 0. Generalizable Variables n. Lemma t `{Z n} : n = 0. Proof. exact z. Qed.",
        reference="Lemma t : forall n : nat, n = 0. Admitted.",
    ),
    # `Derive` fixes the value of `f` while it proves `t`, but the value stays visible.
    wrong(
        "an opaque value chosen by the proof",
        f"{DERIVE} Derive f SuchThat (f = 1) As t. Proof. subst f. reflexivity. Qed.",
        "definitions",
        reference=f"{DERIVE} Definition f : nat. Proof. exact 0. Qed. Lemma t : f = 1. Admitted.",
        reason="Gated.f",
    ),
    wrong(
        "Opaque in place of Qed",
        "Definition f := 1. Opaque f. Lemma t : f = 1. Proof. reflexivity. Qed.",
        "definitions",
        reference="Definition f : nat. Proof. exact 0. Qed. Lemma t : f = 1. Admitted.",
        reason="Gated.f",
    ),
    wrong("R-29 abort and restate", "Lemma t : 1 = 2. Abort. Lemma t : True. Proof. exact I. Qed."),
    wrong("R-30 missing name", "Lemma s : 1 = 1. Proof. reflexivity. Qed.", reason="no theorem t"),
    wrong("R-35 goal written as a notation for True", "Notation goal := True. Lemma t : goal. Proof. exact I. Qed."),
    wrong(
        "R-37 home-made equality with numerals",
        'Inductive eq {A} (x : A) : A -> Prop := any : forall y, eq x y. Infix "=" := eq : type_scope.\n'
        "Lemma t : 1 = 2. Proof. constructor. Qed.",
    ),
    wrong(
        "body of a definition changed",
        "Definition f (n : nat) := 0. Lemma t : f 1 = 0. Proof. reflexivity. Qed.",
        "definitions",
        reference="Definition f (n : nat) := n. Lemma t : f 1 = 0. Admitted.",
        reason="Gated.f",
    ),
    wrong(
        "body of a definition behind a definition changed",
        "Definition f (n : nat) := 0. Definition g := f. Lemma t : g 1 = 0. Proof. reflexivity. Qed.",
        "definitions",
        reference="Definition f (n : nat) := n. Definition g := f. Lemma t : g 1 = 0. Admitted.",
        reason="Gated.f",
    ),
    wrong(
        "constructor added to an inductive type",
        "Inductive e : nat -> Prop := z : e 0 | any : forall n, e n. Lemma t : e 1. Proof. constructor. Qed.",
        "definitions",
        reference="Inductive e : nat -> Prop := z : e 0. Lemma t : e 1. Admitted.",
    ),
    wrong(
        "the theorem made a constructor",
        "Inductive e : nat -> Prop := z : e 0 | t : e 1.",
        "definitions",
        reference="Inductive e : nat -> Prop := z : e 0. Lemma t : e 1. Admitted.",
    ),
    wrong(
        "the path of the library rebuilt inside the file",
        "Module Coq. Module Init. Module Logic. Inductive False : Prop := x. End Logic. Export Logic. End Init.\n"
        "Export Init. End Coq. Import Coq. Lemma t : False. Proof. exact x. Qed.",
        reference="Lemma t : False. Admitted.",
        reason="Gated.Coq.Init.Logic.False",
    ),
    Case(
        "the theorem made a notation",
        "Definition s : 1 = 1 := eq_refl. Notation t := s.",
        Finding.NOT_CHECKED,
        "statement",
        reason="Notation",
    ),
    wrong(
        "an axiom of the reference given a body",
        "Definition x := 3. Lemma t : x = 3. Proof. reflexivity. Qed.",
        "definitions",
        reference="Axiom x : nat. Lemma t : x = 3. Admitted.",
    ),
    wrong("right name in another module", "Module M. Lemma t : 1 = 1. Proof. reflexivity. Qed. End M."),
    wrong(
        "closing the module early",
        "Module M. End M. Module N. Lemma t : 1 = 1. Proof. reflexivity. Qed. End N.",
        reference="Module M. Lemma t : 1 = 2. Admitted. End M.",
        theorem="M.t",
    ),
    wrong(
        "closing the section early",
        "Section S. Variable A : Prop. End S. Section S. Variables A B : Prop. Hypothesis H : B.\n"
        "Lemma t : A -> B. Proof. intros _. exact H. Qed. End S.",
        reference="Section S. Variables A B : Prop. Lemma t : A -> B. Admitted. End S.",
    ),
    wrong(
        "a section variable with another type",
        "Section S. Variable P : nat -> Prop. Hypothesis H : P 1. Lemma t : P 1. Proof. exact H. Qed. End S.",
        reference="Section S. Variable P : nat -> Prop. Hypothesis H : P 0. Lemma t : P 1. Admitted. End S.",
    ),
    wrong(
        "a monomorphic proof of a polymorphic theorem",
        "Definition i (A : Type) (x : A) := x. Lemma t : forall A : Type, i A = i A. Proof. reflexivity. Qed.",
        "statement",
        reference="Set Universe Polymorphism. Definition i (A : Type) (x : A) := x.\n"
        "Lemma t : forall A : Type, i A = i A. Admitted.",
    ),
    wrong(
        "definition in the argument of a functor changed",
        "Module Type T. Definition x := 1. End T. Module F (X : T). Lemma t : X.x = 1. Proof. reflexivity. Qed. End F.",
        "definitions",
        reference="Module Type T. Definition x := 0. End T. Module F (X : T). Lemma t : X.x = 1. Admitted. End F.",
        theorem="F.t",
    ),
    Case(
        "definition changed behind a signature",
        "Module Type T. Parameter f : nat. Parameter t : f = 1. End T.\n"
        "Module M : T. Definition f := 1. Lemma t : f = 1. Proof. reflexivity. Qed. End M.",
        Finding.NOT_CHECKED,
        "definitions",
        reference="Module Type T. Parameter f : nat. Parameter t : f = 1. End T.\n"
        "Module M : T. Definition f := 0. Lemma t : f = 1. Admitted. End M.",
        theorem="M.t",
        reason="signature",
    ),
    Case(
        "theorem hidden by a signature",
        "Module Type T. End T. Module M : T. Lemma t : 1 = 1. Proof. reflexivity. Qed. End M.",
        Finding.NOT_CHECKED,
        "reference",
        reference="Module Type T. End T. Module M : T. Lemma t : 1 = 1. Admitted. End M.",
        theorem="M.t",
    ),
]
