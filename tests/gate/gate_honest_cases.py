"""Honest work of every kind that the gate has to let through."""

from __future__ import annotations

from gate_case import accepted

HONEST = [
    accepted("R-00 honest lemma", "Lemma t : 1 = 1. Admitted.", "Lemma t : 1 = 1. Proof. reflexivity. Qed."),
    accepted(
        "helper, tactic, hint, notation and import added",
        "Lemma t : forall n, n + 0 = n. Admitted.",
        'From Coq Require Import Lia. Lemma h : forall n, n = n + 0. Proof. lia. Qed. Notation "a ~~ b" := (a = b) '
        "(at level 70). Ltac s := symmetry. #[local] Hint Resolve h : core. Set Printing All.\n"
        "Lemma t : forall n, n + 0 = n. Proof. intros n. s. apply h. Qed.",
    ),
    accepted(
        "flags and loads of the reference's own",
        "Set Definitional UIP. Unset Definitional UIP. Unset Guard Checking. Set Guard Checking.\n"
        "Lemma t : 1 = 1. Admitted.",
        "Set Definitional UIP. Unset Definitional UIP. Unset Guard Checking. Set Guard Checking.\n"
        "Lemma t : 1 = 1. Proof. reflexivity. Qed.",
    ),
    accepted(
        "Defined, computed with later",
        "Lemma t : {n | n = 3}. Admitted. Lemma s : proj1_sig t = proj1_sig t. Proof. reflexivity. Qed.",
        "Lemma t : {n | n = 3}. Proof. exists 3. reflexivity. Defined. "
        "Lemma s : proj1_sig t = proj1_sig t. Proof. reflexivity. Qed.",
    ),
    accepted(
        "what follows needs the missing proof",
        "Module M. Section S. Variable A : Prop. Lemma t : {n | n = 3}. Admitted.\n"
        "Lemma s : proj1_sig t = 3. Proof. reflexivity. Qed. End S. End M.",
        "Module M. Section S. Variable A : Prop. Lemma t : {n | n = 3}. Proof. exists 3. reflexivity. Defined.\n"
        "Lemma s : proj1_sig t = 3. Proof. reflexivity. Qed. End S. End M.",
        "M.t",
    ),
    accepted(
        "section variables, all used",
        "Section S. Variables (A : Type) (x y : A). Hypothesis H : x = y. Lemma t : y = x. Admitted. End S.",
        "Section S. Variables (A : Type) (x y : A). Hypothesis H : x = y. Lemma t : y = x.\n"
        "Proof. congruence. Qed. End S.",
    ),
    accepted(
        "section variables, some used",
        "Section S. Variables (A : Type) (x y : A). Hypothesis H : x = y. Let z := x. Hypothesis K : x <> y.\n"
        "Context `{d : forall a b : A, {a = b} + {a <> b}}. Lemma t : y = z. Admitted. End S.",
        "Section S. Variables (A : Type) (x y : A). Hypothesis H : x = y. Let z := x. Hypothesis K : x <> y.\n"
        "Context `{d : forall a b : A, {a = b} + {a <> b}}. Lemma t : y = z. Proof. congruence. Qed. End S.",
    ),
    accepted(
        "section variables, Proof using, nested sections",
        "Section S. Variable P : Prop. Section T. Variables Q R : Prop. Hypothesis H : P.\n"
        "Lemma t : Q -> P. Proof using. Admitted. End T. End S.",
        "Section S. Variable P : Prop. Section T. Variables Q R : Prop. Hypothesis H : P.\n"
        "Lemma t : Q -> P. Proof using H R. intros _. exact H. Defined. End T. End S.",
    ),
    accepted(
        "Program",
        "From Coq Require Import Program. Program Lemma t : {n : nat | n = 1}. Proof. Admitted.",
        "From Coq Require Import Program. Program Lemma t : {n : nat | n = 1}. Proof. exists 1. reflexivity. Qed.",
    ),
    accepted(
        "obligation",
        "From Coq Require Import Program. Program Definition f : {n : nat | forall m, m < n -> m = 0} := 1.\n"
        "Next Obligation. Admitted.",
        "From Coq Require Import Program. Program Definition f : {n : nat | forall m, m < n -> m = 0} := 1.\n"
        "Next Obligation. destruct m; [reflexivity | inversion H; inversion H1]. Qed.",
        "f_obligation_1",
    ),
    accepted(
        "universe polymorphism",
        "Set Universe Polymorphism. Definition i@{u} (A : Type@{u}) (x : A) := x. Inductive b@{u} : Type@{u} := c.\n"
        "Lemma t : forall (A : Type) (B : Type), i A = i A -> i b = i b. Admitted.",
        "Set Universe Polymorphism. Definition i@{u} (A : Type@{u}) (x : A) := x. Inductive b@{u} : Type@{u} := c.\n"
        "Lemma t : forall (A : Type) (B : Type), i A = i A -> i b = i b. Proof. reflexivity. Qed.",
    ),
    accepted(
        "functor in a functor with arguments of functor types",
        "Module Type T. Parameter x : nat. Axiom a : x = 3. Definition d := x. Inductive i := c. End T.\n"
        "Module Type U (X : T). Parameter y : X.x = 3. End U.\n"
        "Module F (Import X : T) (Y : U X) (Z : T with Definition x := X.x). Definition w := d.\n"
        "Module G (V : T). Lemma t : w = V.x /\\ c = c. Admitted. End G. End F.",
        "Module Type T. Parameter x : nat. Axiom a : x = 3. Definition d := x. Inductive i := c. End T.\n"
        "Module Type U (X : T). Parameter y : X.x = 3. End U.\n"
        "Module F (Import X : T) (Y : U X) (Z : T with Definition x := X.x). Definition w := d.\n"
        "Module G (V : T). Lemma t : w = V.x /\\ c = c. Proof. split; trivial. unfold w, d. rewrite a.\n"
        "symmetry. apply V.a. Qed. End G. End F.",
        "F.G.t",
    ),
    accepted(
        "module type functor",
        "Module Type T. Parameter x : nat. End T. Module Type F (X : T). Parameter y : X.x = 3.\n"
        "Lemma t : 3 = X.x. Admitted. End F.",
        "Module Type T. Parameter x : nat. End T. Module Type F (X : T). Parameter y : X.x = 3.\n"
        "Lemma t : 3 = X.x. Proof. symmetry. exact y. Qed. End F.",
        "F.t",
    ),
    accepted(
        "module with a signature",
        "Module Type T. Parameter f : nat. Parameter t : f = f. End T.\n"
        "Module M : T. Definition f := 0. Lemma t : f = f. Admitted. End M.",
        "Module Type T. Parameter f : nat. Parameter t : f = f. End T.\n"
        "Module M : T. Definition f := 0. Lemma t : f = f. Proof. reflexivity. Qed. End M.",
        "M.t",
    ),
    accepted(
        "the file's own axioms",
        "Axiom x : nat. Parameters (p : x = 3) (q : nat). Lemma t : 3 = x. Admitted.",
        "Axiom x : nat. Parameters (p : x = 3) (q : nat). Lemma t : 3 = x. Proof. symmetry. exact p. Qed.",
    ),
    accepted(
        "axioms that the file uses already",
        "From Coq Require Import Classical_Prop. Lemma s : forall P, ~ ~ P -> P. Proof. exact NNPP. Qed.\n"
        "Lemma t : forall P, P \\/ ~ P. Admitted.",
        "From Coq Require Import Classical_Prop. Lemma s : forall P, ~ ~ P -> P. Proof. exact NNPP. Qed.\n"
        "Lemma t : forall P, P \\/ ~ P. Proof. exact classic. Qed.",
    ),
    accepted(
        "a bundle that was asked for",
        "Lemma t : forall P, P \\/ ~ P. Admitted.",
        "From Coq Require Import Classical_Prop. Lemma t : forall P, P \\/ ~ P. Proof. exact classic. Qed.",
        axioms=("classical",),
    ),
    accepted(
        "nested modules, names that end alike, unicode",
        "Module M. Module N. Definition α := 0. Definition n' := α. End N. Definition n' := 1.\n"
        "Lemma t₁ : N.n' = N.α /\\ n' = 1. Admitted. End M.",
        "Module M. Module N. Definition α := 0. Definition n' := α. End N. Definition n' := 1.\n"
        "Lemma t₁ : N.n' = N.α /\\ n' = 1. Proof. split; reflexivity. Qed. End M.",
        "M.t₁",
    ),
]
