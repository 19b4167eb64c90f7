"""Cases about universe levels, of which `Set Printing All` shows nothing.

`RETRACT` is false where `u` lies below `v`, and provable where it does not; a candidate may not choose.
"""

from __future__ import annotations

from gate_case import accepted, wrong

LEVEL = "Universes u v."
BELOW = "Constraint u < v."
RETRACT = "forall A : Type@{v}, exists (B : Type@{u}) (f : A -> B) (g : B -> A), forall x, g (f x) = x"
PLAIN = "forall A : V, exists (B : U) (f : A -> B) (g : B -> A), forall x, g (f x) = x"
PROOF = "Proof. intros A. exists A, (fun x => x), (fun x => x). reflexivity. Qed."
ASKED = f"{LEVEL} {BELOW} Lemma t : {RETRACT}. Admitted."
LARGE = (
    "Set Universe Polymorphism. Definition Q@{u} : Prop := exists A : Type@{u}, exists (f : Set -> A) (g : A -> Set), "
    "forall x, g (f x) = x. Unset Universe Polymorphism.\n"
)
NAMED = "Definition U := Type@{u}. Definition V := Type@{v}."
UNNAMED = "Definition U := Type. Definition V := Type."
FUNCTOR = "Module Type E. Parameter X : Type. End E. Module F (Y : E)."
VARIANCE = (
    "Set Universe Polymorphism. {} Inductive I@{{u}} : Set := i : I. Unset Universe Polymorphism. Universes u v.\n"
)
EQUAL = "Lemma t : I@{u} = I@{v}."

LEVELS = [
    wrong(
        "constraint taken away", f"{LEVEL} Lemma t : {RETRACT}. {PROOF}", "definitions", reference=ASKED, reason="u <"
    ),
    wrong(
        "constraint by way of a third level taken away",
        f"{LEVEL} Universe w. Lemma t : {RETRACT}. {PROOF}",
        "definitions",
        reference=f"{LEVEL} Universe w. Constraint u < w. Constraint w < v. Lemma t : {RETRACT}. Admitted.",
        reason="Gated.u < Gated.v",
    ),
    wrong(
        "constraint by way of a definition taken away",
        f"{UNNAMED} Lemma t : {PLAIN}. {PROOF}",
        "definitions",
        reference=f"{UNNAMED} Definition c : V := U. Lemma t : {PLAIN}. Admitted.",
        reason="Gated.U.u0 < Gated.V.u0",
    ),
    wrong(
        "constraint of a section taken away",
        f"Section S. {LEVEL} Lemma t : {RETRACT}. {PROOF} End S.",
        "definitions",
        reference=f"Section S. {ASKED} End S.",
        reason="Gated.u < Gated.v",
    ),
    wrong(
        "constraint of a module taken away",
        f"Module M. {LEVEL} Lemma t : {RETRACT}. {PROOF} End M.",
        "definitions",
        reference=f"Module M. {ASKED} End M.",
        theorem="M.t",
        reason="Gated.M.u < Gated.M.v",
    ),
    wrong(
        "constraint of a functor taken away",
        f"{FUNCTOR} {UNNAMED} Lemma t : {PLAIN}. {PROOF} End F.",
        "definitions",
        reference=f"{FUNCTOR} {UNNAMED} Definition c : V := U. Lemma t : {PLAIN}. Admitted. End F.",
        theorem="F.t",
        reason="U.u0 <",
    ),
    wrong(
        "levels of the theorem's own by the same names",
        f"{LEVEL} {BELOW} Lemma t@{{u v}} : {RETRACT}. {PROOF}",
        reference=ASKED,
        reason="wanted the universe levels {Gated.v}, got {Gated.t.v}",
    ),
    wrong(
        "levels of another module by the same names",
        f"{LEVEL} {BELOW} Module I. {LEVEL} End I. Import I. Lemma t : {RETRACT}. {PROOF}",
        reference=ASKED,
        reason="got {Gated.I.v}",
    ),
    wrong(
        "level in a definition",
        f"{LEVEL} {BELOW} {NAMED.replace('@{u}', '@{v}')} Lemma t : {PLAIN}. {PROOF}",
        "definitions",
        reference=f"{LEVEL} {BELOW} {NAMED} Lemma t : {PLAIN}. Admitted.",
        reason="Gated.U",
    ),
    wrong(
        "instance of a polymorphic definition",
        f"{LARGE}Lemma t : Q. Proof. exists Set, (fun x => x), (fun x => x). reflexivity. Qed.",
        reference=f"{LARGE}Lemma t : Q@{{Set}}. Admitted.",
        reason="wanted the universe levels {Set}",
    ),
    wrong(
        "variance of a polymorphic type",
        f"{VARIANCE.format('Cumulative')}{EQUAL} Proof. reflexivity. Qed.",
        "definitions",
        reference=f"{VARIANCE.format('NonCumulative')}{EQUAL} Admitted.",
        reason="Gated.I",
    ),
]

MANY = "Lemma t : forall (A : Type@{v}) (B : Type), A = A /\\ exists C : Type@{u}, C = C."
OWN = (
    "Section S. Variables (A B : Type). Inductive l (C : Type) : Type := n | c (x : A) (y : B) (z : C).\n"
    "Definition g (D : Type) (x : l D) : l D := x. Lemma t : forall x : l A, g A x = x."
)

KEPT = "Definition c : V := U. Lemma t : forall (A : U) (B : Type), (exists C : V, C = C) /\\ B = B /\\ Y.X = Y.X."

LEVELS_ACCEPTED = [
    accepted(
        "levels of a functor, its argument and the theorem, kept",
        f"{FUNCTOR} {UNNAMED} {KEPT} Admitted. End F.",
        f"{FUNCTOR} {UNNAMED} {KEPT} Proof. intros A B. repeat split. exists A. reflexivity. Qed. End F.",
        "F.t",
    ),
    accepted(
        "named levels and a constraint, kept",
        f"{LEVEL} {BELOW} {MANY} Admitted.",
        f"Lemma h : True. Proof. exact I. Qed.\n{LEVEL} {BELOW} {MANY}\n"
        "Proof. intros A B. split; [reflexivity|]. exists nat. reflexivity. Qed.",
    ),
    accepted(
        "a proof that bounds levels which the reference leaves free",
        f"{UNNAMED} Lemma t : {PLAIN}. Admitted.",
        f"{UNNAMED} Lemma t : {PLAIN}. {PROOF}",
    ),
    accepted(
        "levels of definitions and of a section", f"{OWN} Admitted. End S.", f"{OWN} Proof. reflexivity. Qed. End S."
    ),
]
