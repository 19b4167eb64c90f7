"""What a sentence does to the proof mode, kind by kind."""

from __future__ import annotations

import pytest

from proofloom.assistants.rocq.vernacular import Role, command_of

STATES = [
    ("Lemma a : True.", "a"),
    ("Theorem plus_comm' (n m : nat) : n = m.", "plus_comm'"),
    ("Corollary é₀ : ∀ x, x ≤ x.", "é₀"),
    ("Fact a@{u v} : True.", "a"),
    ("Proposition a {A} (x := 3) : x = x.", "a"),
    ("Property a : let x := 1 in x = 1.", "a"),
    ("Remark a: True.", "a"),
    ("Goal True.", ""),
    ("Definition a : nat.", "a"),
    ("Definition a (x := 1) : {y : nat | y = x}.", "a"),
    ("Definition a : let fix f x := 1 in f 0 = 1.", "a"),
    ("Example a : 1 + 1 = 2.", "a"),
    ("Let a : True.", "a"),
    ("Let Fixpoint a (n : nat) : nat.", "a"),
    ("Fixpoint a (n : nat) {struct n} : nat.", "a"),
    ("Fixpoint a (n : nat) : nat := 0 with b (n : nat) : nat.", "a"),
    ("Instance a : C.", "a"),
    ("Instance a {A} (x : A) : C x | 3.", "a"),
    ("Global Instance : C.", ""),
    ("Instance a : C nat (fun x => {| f := x |}).", "a"),
    ("#[refine] Instance a : C := {| f := _ |}.", "a"),
    ("#[global, refine] Instance a : C := { f := _ }.", "a"),
    ("Program Lemma a : True.", "a"),
    ("Program Definition a : nat.", "a"),
    ("#[local] Lemma a : True.", "a"),
    ('#[deprecated(note="use b]. ")] Lemma a : True.', "a"),
    ("#[local] #[universes(polymorphic)] Lemma a : True.", "a"),
    ("Local Polymorphic Lemma a : True.", "a"),
    ("Time Lemma a : True.", "a"),
    ("Timeout 5 Lemma a : True.", "a"),
    ("Next Obligation.", ""),
    ("Next Obligation of a.", ""),
    ("Obligation 2 of a.", ""),
    ("Add Morphism f with signature eq ==> eq as f_m.", "f_m_Proper"),
    ("Add Parametric Morphism A : (@f A) with signature eq ==> eq as f_m.", "f_m_Proper"),
    ("Function a (n : nat) {measure id n} : nat := 0.", "a"),
    ("Derive p SuchThat (p = 1) As a.", "a"),
    ("Coercion a (x : A) : B.", "a"),
    ("Equations? a : nat := a := _.", ""),
]

OTHERS = [
    "Definition a := 1.",
    "Definition a : nat := let x := 1 in x.",
    "Definition a (x : nat) : nat := x.",
    "Definition a : let x := 1 in nat := 1.",
    "Example a : True := I.",
    "Let a := 1.",
    "Fixpoint a (n : nat) : nat := match n with O => 0 | S m => b m end with b (n : nat) : nat := 0.",
    "Instance a : C := {}.",
    "Program Instance a : C.",
    "#[program] Instance a : C.",
    "Existing Instance a.",
    "Declare Instance a : C.",
    "Function a (n : nat) {struct n} : nat := 0.",
    "Coercion a : A >-> B.",
    "Coercion a (x : A) : B := b.",
    "Canonical a.",
    "Canonical Structure a := b.",
    "Fail Lemma a : False.",
    "Fail Qed.",
    "Succeed Lemma a : True.",
    "Axiom a : False.",
    "Parameter a : nat.",
    "Obligation Tactic := auto.",
    "Obligations.",
    "Solve All Obligations.",
    "Add Setoid A eq st as s.",
    "Add Parametric Relation A : A eq as r.",
    "Derive Inversion a with True.",
    "Module M := N.",
    "Module M : T with Definition t := nat := N.",
    "Module Type T := A <+ B.",
    "Declare Module M : T.",
    'Notation "x := y" := (x = y).',
    "Local Open Scope nat_scope.",
    "Lemmas.",
    "auto.",
    "lemma a.",
    "-",
    "{",
]


@pytest.mark.parametrize(("code", "name"), STATES)
def test_opens_a_proof(code: str, name: str) -> None:
    command = command_of(code)
    assert (command.role, command.name) == (Role.STATES, name)


@pytest.mark.parametrize("code", OTHERS)
def test_does_nothing_to_the_proof_mode(code: str) -> None:
    assert command_of(code).role is Role.OTHER


@pytest.mark.parametrize(
    ("code", "role", "name"),
    [
        ("Proof.", Role.BEGINS, ""),
        ("Proof .", Role.BEGINS, ""),
        ("Proof using.", Role.BEGINS, ""),
        ("Proof using x with auto.", Role.BEGINS, ""),
        ("Proof with auto.", Role.BEGINS, ""),
        ("Proof I.", Role.PROVES, ""),
        ("Proof (fun x => x).", Role.PROVES, ""),
        ('Proof Mode "Classic".', Role.OTHER, ""),
        ("Qed.", Role.SAVES, ""),
        ("Time Qed.", Role.SAVES, ""),
        ("Defined.", Role.SAVES, ""),
        ("Save a.", Role.SAVES, "a"),
        ("Admitted.", Role.ADMITS, ""),
        ("Abort.", Role.ABORTS, ""),
        ("Abort All.", Role.ABORTS, ""),
        ("Admit Obligations.", Role.GIVES_UP, ""),
        ("Section S.", Role.SECTION, "S"),
        ("Module M.", Role.MODULE, "M"),
        ("Module Export M.", Role.MODULE, "M"),
        ("Module Type T.", Role.MODULE, "T"),
        ("Module M (X : T) (Y : U) : V.", Role.MODULE, "M"),
        ("Module M <: T with Definition t := nat.", Role.MODULE, "M"),
        ("Module Import(notations) M.", Role.MODULE, "M"),
        ("End M.", Role.LEAVES, "M"),
    ],
)
def test_other_roles(code: str, role: Role, name: str) -> None:
    command = command_of(code)
    assert (command.role, command.name) == (role, name)


@pytest.mark.parametrize(
    "code",
    [
        "Theorem a : True with b : True.",
        "Fixpoint a (n : nat) : nat with b (n : nat) : nat.",
        "Instance : C.",
        "Next Obligation.",
        "Let a : True.",
        "Add Morphism f : f_m.",
        "Derive p SuchThat (p = 1) As a.",
        "Admit Obligations.",
    ],
)
def test_holes_that_cannot_be_filled_say_why(code: str) -> None:
    assert command_of(code).unsupported


def test_the_with_of_a_match_joins_nothing() -> None:
    assert command_of("Lemma a : match n with O => True | S _ => False end.").unsupported == ""
