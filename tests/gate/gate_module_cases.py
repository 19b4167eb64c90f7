"""Cases about modules: signatures that hide a body, functors and their arguments, holes in them.

A signature may give a constant an opaque body of its own, `f` below, which then stands in place of the real one.
"""

from __future__ import annotations

from gate_case import FALSE, Case, accepted, axiom, incomplete, wrong

from proofloom.proofs import Finding

OPAQUE = "Module Type S. Definition f : nat. Proof. exact 0. Qed. Parameter t : f = 1. End S.\n"
BODY = "Definition f := 1. Lemma t : f = 1. Proof. reflexivity. Qed."
HOLE = "Definition f : nat. Proof. exact 0. Qed. Lemma t : f = 1. Admitted."
EMPTY = "Module Type E. End E.\n"
NAT = "Module Type T. Parameter x : nat. End T.\n"
THREE = "Module Type T. Parameter x : nat. Axiom a : x = 3. End T.\n"
LEFT_OPEN = "Module Type T. Parameter x : nat. Lemma a : x = 3. Admitted. End T.\n"
INCLUDED = f"{NAT}Module G (Y : T). Lemma a : Y.x = 3. Admitted. End G. Module Type U := T <+ G.\n"
APPLIED = (
    f"{EMPTY}Module G (Y : E). Lemma a : 1 = 2. Admitted. End G. Module Z. Axiom a : nat. End Z. Module H := G Z.\n"
)
SIBLING = f"{THREE}Module F (X : T). Lemma a : X.x = 3. Admitted. "
NAMESAKE = "Axiom a : 1 = 2. Module N. Lemma a : 1 = 3. Admitted. End N.\n"
BACK = "Proof. symmetry. exact X.a. Qed."


def hidden(id: str, reference: str, candidate: str, theorem: str = "M.t") -> Case:
    """A value that a signature hides: what is before the theorem has to be the reference's to the byte."""
    return Case(id, candidate, Finding.NOT_CHECKED, "definitions", reference, theorem, reason="signature")


def in_functor(head: str, proof: str, type_: str = "T") -> str:
    """The hole `F.t` and its proof, in a functor over `head`."""
    return f"{head}Module F (X : {type_}). Lemma t : 3 = X.x. {proof} End F."


MODULES = [
    hidden(
        "opaque body of a signature",
        f"{OPAQUE}Module M : S. Definition f := 0. Lemma t : f = 1. Admitted. End M.",
        f"{OPAQUE}Module M : S. {BODY} End M.",
    ),
    hidden("opaque body put behind a signature", f"Module M. {HOLE} End M.", f"{OPAQUE}Module M : S. {BODY} End M."),
    hidden(
        "opaque body of a signature inside",
        f"Module M. Module I. {HOLE.partition(' Lemma')[0]} End I. Lemma t : I.f = 1. Admitted. End M.",
        f"{OPAQUE}Module M. Module I : S. {BODY} End I. Lemma t : I.f = 1. Proof. exact I.t. Qed. End M.",
    ),
    hidden(
        "opaque body of a signature outside",
        f"Module M. Module I. {HOLE.partition(' Lemma')[0]} End I. Lemma t : I.f = 1. Admitted. End M.",
        "Module Type S. Module I. Definition f : nat. Proof. exact 0. Qed. End I. Parameter t : I.f = 1. End S.\n"
        "Module M : S. Module I. Definition f := 1. End I. Lemma t : I.f = 1. Proof. reflexivity. Qed. End M.",
    ),
    hidden(
        "opaque body of a signature of a functor",
        f"{EMPTY}Module F (X : E). {HOLE} End F.",
        f"{EMPTY}{OPAQUE}Module F (X : E) : S. {BODY} End F.",
        "F.t",
    ),
    hidden(
        "opaque body of a signature of a functor in a functor",
        f"{EMPTY}Module F (X : E). Module G (Y : E). {HOLE} End G. End F.",
        f"{EMPTY}{OPAQUE}Module F (X : E). Module G (Y : E) : S. {BODY} End G. End F.",
        "F.G.t",
    ),
    # An included value prints as the one that it stands for.
    wrong(
        "hidden value included",
        f"{OPAQUE}Module N : S. {BODY} End N. Module M. Include N. End M.",
        "definitions",
        reference=f"Module M. {HOLE} End M.",
        theorem="M.t",
        reason="Gated.M.f",
    ),
    wrong(
        "hidden value under another name",
        f"{OPAQUE}Module N : S. {BODY} End N. Module M := N.",
        "definitions",
        reference=f"Module M. {HOLE} End M.",
        theorem="M.t",
        reason="Gated.M.f",
    ),
    wrong(
        "hidden value in place of an axiom",
        f"{OPAQUE}Module M : S. {BODY} End M. Include M.",
        "definitions",
        reference="Axiom f : nat. Lemma t : f = 1. Admitted.",
    ),
    axiom(
        "an axiom behind an opaque lemma of a signature",
        "Module Type S. Parameter q : 1 = 2. Lemma p : 1 = 2. Proof. exact q. Qed. End S.\n"
        "Module M : S. Axiom q : 1 = 2. Lemma p : 1 = 2. Proof. exact q. Qed. End M.\n"
        "Lemma t : 1 = 2. Proof. exact M.p. Qed.",
        reason="Gated.M.q",
    ),
    axiom(
        "an axiom that is inlined",
        "Module Type P. Parameter Inline p : 1 = 2. End P. Module G (X : P). Definition q : 1 = 2 := X.p. End G.\n"
        "Module A. Axiom p : 1 = 2. End A. Module B := G A. Lemma t : 1 = 2. Proof. exact B.q. Qed.",
        reason="Gated.A.p",
    ),
    axiom(
        "an axiom as the argument of an included functor",
        "Module Type P. Parameter p : 1 = 2. End P. Module G (X : P). Definition q := X.p. End G.\n"
        "Module M. Axiom p : 1 = 2. Include G. End M. Lemma t : 1 = 2. Proof. exact M.q. Qed.",
        reason="Gated.M.p",
    ),
    # What follows the name of a functor is the reference's, so a functor over more does not fit.
    wrong(
        "argument of a functor narrowed",
        f"{NAT}Module F (X : T with Definition x := 3). Lemma t : 3 = X.x. Proof. reflexivity. Qed. End F.",
        reference=in_functor(NAT, "Admitted."),
        theorem="F.t",
        reason="no theorem F.t",
    ),
    wrong(
        "argument added to a functor",
        f"{NAT}Module Type U (X : T). Parameter a : X.x = 3. End U.\n"
        "Module F (X : T) (Y : U X). Lemma t : 3 = X.x. Proof. symmetry. exact Y.a. Qed. End F.",
        reference=in_functor(NAT, "Admitted."),
        theorem="F.t",
        reason="no theorem F.t",
    ),
    wrong(
        "argument of a functor hidden by a module",
        f"{NAT}Module A. Definition x := 3. End A.\n"
        "Module F (Y : T). Module X := A. Lemma t : 3 = X.x. Proof. reflexivity. Qed. End F.",
        reference=in_functor(NAT, "Admitted."),
        theorem="F.t",
    ),
    wrong(
        "module made a functor over the goal",
        "Module Type E. Parameter a : 1 = 2. End E. Module M (X : E). Lemma t : 1 = 2. Proof. exact X.a. Qed. End M.",
        reference=f"Module M. {FALSE}End M.",
        theorem="M.t",
        reason="no theorem M.t",
    ),
    wrong(
        "module made a module type with the goal in it",
        "Module Type M. Parameter a : 1 = 2. Lemma t : 1 = 2. Proof. exact a. Qed. End M.",
        reference=f"Module M. {FALSE}End M.",
        theorem="M.t",
        reason="no theorem M.t",
    ),
    incomplete(
        "another hole of the functor",
        f"{SIBLING}Lemma t : 3 = X.x. Proof. symmetry. exact a. Qed. End F.",
        reference=f"{SIBLING}Lemma t : 3 = X.x. Admitted. End F.",
        theorem="F.t",
        reason="Gated.F.a, which is not proved in the reference",
    ),
    incomplete(
        "a hole of the argument's module type",
        in_functor(LEFT_OPEN, BACK),
        reference=in_functor(LEFT_OPEN, "Admitted."),
        theorem="F.t",
        reason="Gated.F(X).a, which is not proved in the reference",
    ),
    # The hole is in a functor; the module type has it by including that.
    incomplete(
        "a hole included in the argument's module type",
        in_functor(INCLUDED, BACK, "U"),
        reference=in_functor(INCLUDED, "Admitted.", "U"),
        theorem="F.t",
        reason="Gated.F(X).a, which is not proved in the reference",
    ),
    # The name is declared as an axiom elsewhere, but what is asked for comes from the hole of the functor.
    incomplete(
        "a hole of a functor that was applied",
        f"{APPLIED}Lemma t : 1 = 2. Proof. exact H.a. Qed.",
        reference=APPLIED + FALSE,
        reason="Gated.H.a, which is not proved in the reference",
    ),
    incomplete(
        "a hole of another module beside an axiom of its name",
        f"{NAMESAKE}Lemma t : 1 = 3. Proof. exact N.a. Qed.",
        reference=f"{NAMESAKE}Lemma t : 1 = 3. Admitted.",
        reason="Gated.N.a, which is not proved in the reference",
    ),
]

NESTED = (
    "Module F (X : T). Lemma f : 0 = 0. Proof. reflexivity. Qed. Module G (Y : T). Module N. Lemma g : 0 = 0.\n"
    "Proof. reflexivity. Qed. Lemma t : f = f /\\ g = g."
)

PAIR = (
    "From Coq Require Import DecidableType.\nModule P (D : DecidableType) <: DecidableType. Definition t := D.t.\n"
    "Definition eq := D.eq. Lemma eq_refl : forall x, eq x x. Admitted.\n"
    "Lemma eq_sym : forall x y, eq x y -> eq y x. {}\n"
    "Definition eq_trans := D.eq_trans. Definition eq_dec := D.eq_dec. End P.\n"
    "Module Q (D : DecidableType). Module PD := P D. End Q."
)

MODULES_ACCEPTED = [
    accepted(
        "an argument's axiom with the name of a hole beside the theorem",
        f"{SIBLING}Lemma t : 3 = X.x. Admitted. End F.",
        f"{SIBLING}Lemma t : 3 = X.x. {BACK} End F.",
        "F.t",
    ),
    accepted(
        "an argument's axiom with the name of the theorem",
        f"{SIBLING}End F.",
        f"{THREE}Module F (X : T). Lemma a : X.x = 3. Proof. exact X.a. Qed. End F.",
        "F.a",
    ),
    # As in the standard library's pairs of decidable types; what follows the functor applies it.
    accepted(
        "axioms of an argument from the library, holes of the same names, and an application",
        PAIR.format("Admitted."),
        PAIR.format("Proof. exact D.eq_sym. Qed."),
        "P.eq_sym",
    ),
    accepted(
        "an axiom with the name of a hole in another module",
        NAMESAKE + FALSE,
        f"{NAMESAKE}Lemma t : 1 = 2. Proof. exact a. Qed.",
    ),
    accepted(
        "opaque proofs that a statement mentions, in modules without a signature",
        f"{NAT}{NESTED} Admitted. End N. End G. End F.",
        f"Lemma h : True. Proof. exact I. Qed.\n{NAT}{NESTED} Proof. split; reflexivity. Qed. End N. End G. End F.",
        "F.G.N.t",
    ),
]
