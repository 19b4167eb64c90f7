"""The table of what the gate has to refuse, and of what it has to let through.

Identifiers R-00 .. R-37 are those of the catalogue of cheats that the gate was specified with; the others were added.
Every case is a reference, a candidate, the finding, and the check that has to say no.
"""

from __future__ import annotations

from gate_case import (
    FALSE,
    HURKENS,
    PARADOX,
    Case,
    axiom,
    checker,
    command,
    incomplete,
)
from gate_honest_cases import HONEST
from gate_level_cases import LEVELS, LEVELS_ACCEPTED
from gate_module_cases import MODULES, MODULES_ACCEPTED
from gate_statement_cases import STATEMENTS

from proofloom.proofs import Finding

MUTUAL = "Lemma a : forall n : nat, n = n with b : forall n : nat, 1 = 2. Proof. all: admit. Admitted."

HOLES = [
    incomplete("R-01 admitted target", "Lemma t : 1 = 2. Admitted."),
    incomplete(
        "R-02 admitted helper", "Lemma h : 1 = 2. Admitted. Lemma t : 1 = 2. Proof. exact h. Qed.", reason="Gated.h"
    ),
    incomplete("R-03 admit and Qed", "Lemma t : 1 = 2. Proof. admit. Qed.", "compile", reason="given up"),
    incomplete(
        "R-10 admitted obligations",
        "From Coq Require Import Program.\nProgram Definition h : {n : nat | n = 1 /\\ n = 2} := 1.\n"
        "Admit Obligations.\nLemma t : 1 = 2. Proof. destruct h as [n [H K]]. congruence. Qed.",
        reason="obligation",
    ),
    incomplete(
        "another hole",
        "Lemma h : 1 = 2. Admitted. Lemma t : 1 = 2. Proof. exact h. Qed.",
        reference=f"Lemma h : 1 = 2. Admitted. {FALSE}",
        reason="not proved in the reference",
    ),
    incomplete(
        "a proof turned into a hole",
        "Lemma h : 1 = 1. Admitted. Lemma t : 1 = 1. Proof. exact h. Qed.",
        reference="Lemma h : 1 = 1. Proof. reflexivity. Qed. Lemma t : 1 = 1. Admitted.",
        reason="admitted",
    ),
    # The name of the second statement is nowhere but inside the sentence that states both.
    incomplete(
        "another hole, stated together with one",
        f"{MUTUAL} Lemma t : 1 = 2. Proof. exact (b 0). Qed.",
        reference=f"{MUTUAL} {FALSE}",
        reason="Gated.b, which is not proved in the reference",
    ),
    # Nothing in the source names an obligation.
    incomplete(
        "an obligation under an own tactic",
        "From Coq Require Import Program. #[local] Obligation Tactic := idtac. Program Definition h : 1 = 2 := _.\n"
        "Next Obligation. Admitted. Lemma t : 1 = 2. Proof. exact h. Qed.",
        reason="obligation",
    ),
    incomplete(
        "a hole of a section",
        "Section S. Let h : 1 = 2. Admitted. Lemma t : 1 = 2. Proof. exact h. Qed. End S.",
        reference=f"Section S. Let h : 1 = 2. Admitted. {FALSE}End S.",
        reason="not proved in the reference",
    ),
    incomplete("a proof that is a comment", "Lemma t : 1 = 2. (* reflexivity. Qed. *)", "compile"),
    incomplete("an empty proof", "Lemma t : 1 = 2. Proof. Qed.", "compile"),
    incomplete(
        "a hole in a functor",
        "Module Type T. Parameter x : nat. End T. Module F (X : T). Lemma h : 1 = 2. Admitted. "
        "Lemma t : 1 = 2. Proof. exact h. Qed. End F.",
        reference="Module Type T. Parameter x : nat. End T. Module F (X : T). Lemma t : 1 = 2. Admitted. End F.",
        theorem="F.t",
        reason="Gated.F.h",
    ),
]

AXIOMS = [
    axiom("R-04 axiom", "Axiom a : 1 = 2. Lemma t : 1 = 2. Proof. exact a. Qed.", reason="Gated.a"),
    axiom("R-05 conjecture", "Conjecture a : 1 = 2. Lemma t : 1 = 2. Proof. exact a. Qed."),
    axiom("R-06 variable outside a section", "Variable a : 1 = 2. Lemma t : 1 = 2. Proof. exact a. Qed."),
    axiom("R-07 context outside a section", "Context (a : 1 = 2). Lemma t : 1 = 2. Proof. exact a. Qed."),
    axiom(
        "R-08 declared module",
        "Module Type T. Parameter a : 1 = 2. End T. Declare Module M : T. Lemma t : 1 = 2. Proof. exact M.a. Qed.",
    ),
    axiom(
        "R-09 trusted name in an own module",
        "Module Classical_Prop. Axiom classic : 1 = 2. End Classical_Prop.\n"
        "Lemma t : 1 = 2. Proof. exact Classical_Prop.classic. Qed.",
        reason="Gated.Classical_Prop.classic",
    ),
    axiom(
        "R-15 axiom between comments that a naive reader joins",
        '(* "*)" *) Axiom a : 1 = 2. (* "(*" *)\nLemma t : 1 = 2. Proof. exact a. Qed.',
    ),
    axiom(
        "R-16 printing depth", "#[global] Set Printing Depth 1. Axiom a : 1 = 2. Lemma t : 1 = 2. Proof. exact a. Qed."
    ),
    axiom(
        "R-33 prints the success text",
        'Axiom a : 1 = 2. Lemma t : 1 = 2. Proof. idtac "Closed under the global context". exact a. Qed.',
    ),
    axiom(
        "an axiom of the reference with another type",
        "Axiom a : 1 = 2. Lemma t : 1 = 2. Proof. exact a. Qed.",
        reference=f"Axiom a : 1 = 1. {FALSE}",
        reason="another one",
    ),
    axiom(
        "a library axiom that nobody allowed",
        "From Coq Require Import Classical_Prop. Lemma t : forall P, P \\/ ~ P. Proof. exact classic. Qed.",
        reference="Lemma t : forall P, P \\/ ~ P. Admitted.",
        reason="Coq.Logic.Classical_Prop.classic",
    ),
    axiom(
        "an axiom sealed by a signature",
        "Module Type S. Parameter p : 1 = 2. End S. Module M : S. Axiom p : 1 = 2. End M.\n"
        "Lemma t : 1 = 2. Proof. exact M.p. Qed.",
        reason="Gated.M.p",
    ),
    axiom(
        "an axiom behind a sealed functor",
        "Module Type S. Parameter p : 1 = 2. End S. Module A. Axiom p : 1 = 2. End A.\n"
        "Module F (X : S) : S. Lemma p : 1 = 2. Proof. exact X.p. Qed. End F. Module B : S := F A.\n"
        "Lemma t : 1 = 2. Proof. exact B.p. Qed.",
        reason="Gated.A.p",
    ),
    axiom(
        "an axiom by including a module type",
        "Module Type S. Parameter p : 1 = 2. End S. Module M <: S. Include S. End M.\n"
        "Lemma t : 1 = 2. Proof. exact M.p. Qed.",
        reason="Gated.M.p",
    ),
    axiom(
        "a declared instance",
        "Class K := k : 1 = 2. Declare Instance i : K. Lemma t : 1 = 2. Proof. exact k. Qed.",
        reason="Gated.i",
    ),
    # Rocq then says in a second line what the axiom is used for.
    axiom(
        "an axiom of an empty type in a match",
        "From Coq.Compat Require Import AdmitAxiom. Lemma t : 1 = 2. Proof. case proof_admitted. Qed.",
        reason="Coq.Compat.AdmitAxiom.proof_admitted",
    ),
    axiom(
        "a parameter added to the argument of a functor",
        "Module Type T. Parameter x : nat. Axiom a : x = 1. End T. "
        "Module F (X : T). Lemma t : X.x = 1. Proof. exact X.a. Qed. End F.",
        reference="Module Type T. Parameter x : nat. End T. Module F (X : T). Lemma t : X.x = 1. Admitted. End F.",
        theorem="F.t",
        reason="Gated.F(X).a",
    ),
]

GUARD_OFF = "Unset Guard Checking. Fixpoint f (n : nat) : False := f n. Set Guard Checking.\n"
INLINE = (
    "Module Type P. Parameter Inline p : False. End P.\n"
    "Module F (X : P). Definition q : 1 = 2 := False_ind _ X.p. End F.\n"
)
UNIVERSES_INLINE = (
    f"{HURKENS}{INLINE}Unset Universe Checking. Module A. Definition p : False := {PARADOX}. End A.\n"
    "Set Universe Checking.\n"
)
GUARD_INLINE = (
    f"{INLINE}Unset Guard Checking. Module A. Definition p : False := (fix f (n : nat) : False := f n) 0. End A.\n"
    "Set Guard Checking.\n"
)
BY_INLINE = "Module B := F A. Lemma t : 1 = 2. Proof. exact B.q. Qed."

UIP = (
    "Inductive q (A : Type) (a : A) : A -> SProp := r : q A a a. Arguments r {A a}. Definition c (A : Type) (a : A) "
    "(e : q A a a) (P : A -> Type) (p : P a) : match e in q _ _ x return P x with r => p end = p := eq_refl."
)

# Each of these twice: with the flag added by the candidate (the command filter), and with the flag in the reference.
FLAGS = [
    command("R-11 guard flag off", f"{GUARD_OFF}Lemma t : 1 = 2. Proof. destruct (f 0). Qed."),
    axiom(
        "R-11 guard flag off in the reference",
        f"{GUARD_OFF}Lemma t : 1 = 2. Proof. destruct (f 0). Qed.",
        reference=GUARD_OFF + FALSE,
        reason="assumed to be guarded",
    ),
    command(
        "R-12 guard bypassed by an attribute",
        "#[bypass_check(guard)] Fixpoint f (n : nat) : False := f n. Lemma t : 1 = 2. Proof. destruct (f 0). Qed.",
    ),
    command(
        "R-13 positivity flag off",
        "Unset Positivity Checking. Inductive b := mk : (b -> False) -> b. Set Positivity Checking.\n"
        "Lemma t : 1 = 2. Proof. assert (g : b -> False) by (intros x; pose proof x as [h]; exact (h x)). "
        "destruct (g (mk g)). Qed.",
    ),
    command(
        "R-14 universe flag off",
        f"{HURKENS}Unset Universe Checking. Lemma t : 1 = 2. Proof. destruct ({PARADOX}). Qed.",
    ),
    command(
        "R-14 universes bypassed by an attribute",
        f"{HURKENS}#[bypass_check(universes)] Lemma t : 1 = 2. Proof. destruct ({PARADOX}). Qed.",
    ),
    command("R-17 inlined functor argument, universes", UNIVERSES_INLINE + BY_INLINE),
    checker(
        "R-17 inlined functor argument, universes, flag in the reference",
        UNIVERSES_INLINE + BY_INLINE,
        reference=UNIVERSES_INLINE + FALSE,
    ),
    command("R-18 inlined functor argument, guard", GUARD_INLINE + BY_INLINE),
    checker(
        "R-18 inlined functor argument, guard, flag in the reference",
        GUARD_INLINE + BY_INLINE,
        reference=GUARD_INLINE + FALSE,
        reason="Gated.B.q: Type error",
    ),
    command(
        "R-19 abstract under universes off",
        f"{HURKENS}Lemma t : 1 = 2. Proof. Unset Universe Checking. abstract (destruct ({PARADOX})). "
        "Set Universe Checking. Qed.",
    ),
    checker(
        "R-19 abstract under universes off, flag in the reference",
        f"{HURKENS}Lemma t : 1 = 2. Proof. Unset Universe Checking. abstract (destruct ({PARADOX})). "
        "Set Universe Checking. Qed.",
        reference=f"{HURKENS}Lemma t : 1 = 2. Proof. Unset Universe Checking. Set Universe Checking. Admitted.",
    ),
    checker(
        "an unguarded helper that the proof does not use",
        "Unset Guard Checking. Fixpoint f (n : nat) : False := f n. Set Guard Checking.\n"
        "Lemma t : 1 = 1. Proof. reflexivity. Qed.",
        reference="Unset Guard Checking. Set Guard Checking. Lemma t : 1 = 1. Admitted.",
        reason="without the guard condition",
    ),
    # Taking a sentence away adds none, so the command filter has nothing to say.
    axiom(
        "the sentence that turns the guard on again taken away",
        "Unset Guard Checking. Lemma t : 1 = 2. Proof. exact ((fix f (n : nat) : 1 = 2 := f n) 0). Qed.",
        reference=f"Unset Guard Checking. Set Guard Checking. {FALSE}",
        reason="assumed to be guarded",
    ),
    axiom(
        "the sentence that turns definitional UIP off again taken away",
        f"Set Definitional UIP. {UIP} Lemma t : 1 = 1. Proof. pose (c nat 1 r (fun _ => True) I). reflexivity. Qed.",
        reference="Set Definitional UIP. Unset Definitional UIP. Lemma t : 1 = 1. Admitted.",
        reason="definitional UIP",
    ),
    # Places where a naive reader of sentences sees none begin.
    *(
        command(f"guard flag {where}", f"Lemma t : 1 = 2. Proof. {script} Qed.")
        for where, script in {
            "after an opening brace": "{Unset Guard Checking. exact (f 0). }",
            "after a bullet": "-Unset Guard Checking. exact (f 0).",
            "behind a goal selector": "1:{ Unset Guard Checking. exact (f 0). }",
            "after a form feed": "idtac.\fUnset Guard Checking.\fexact (f 0).",
            "with comments for spaces": "Unset(**)Guard(**)Checking. exact (f 0).",
            "after three dots": "Proof with idtac. exact I... Unset Guard Checking. exact (f 0).",
        }.items()
    ),
    # The tactic says nothing to the kernel, which types the cast again.
    incomplete(
        "change_no_check", "Lemma t : 1 = 2. Proof. change_no_check (1 = 1). vm_compute. reflexivity. Qed.", "compile"
    ),
    incomplete("R-31 exact_no_check", "Lemma t : 1 = 2. Proof. exact_no_check (eq_refl 1). Qed.", "compile"),
    incomplete("R-31 vm_cast_no_check", "Lemma t : 1 = 2. Proof. vm_cast_no_check (eq_refl 1). Qed.", "compile"),
    command("R-31 native_cast_no_check", "Lemma t : 1 = 2. Proof. native_cast_no_check (eq_refl 1). Qed."),
    command(
        "R-32 flag changed in a section", f"Section S. {GUARD_OFF} End S. Lemma t : 1 = 2. Proof. destruct (f 0). Qed."
    ),
    incomplete(
        "R-32 flag changed in a section, flags in the reference",
        "Section S. Unset Guard Checking. Fixpoint f (n : nat) : False := f n. Set Guard Checking. End S.\n"
        "Lemma t : 1 = 2. Proof. destruct (f 0). Qed.",
        "compile",
        reference=f"Unset Guard Checking. Set Guard Checking. {FALSE}",
    ),
    command(
        "R-36 definitional UIP",
        "Set Definitional UIP. Lemma t : 1 = 1. Proof. reflexivity. Qed.",
        reference="Lemma t : 1 = 1. Admitted.",
    ),
]

COMMANDS = [
    command(
        "R-34 Redirect",
        'Redirect "out" Check nat. Lemma t : 1 = 1. Proof. reflexivity. Qed.',
        reference="Lemma t : 1 = 1. Admitted.",
    ),
    command(
        "Redirect behind controls",
        'Time Fail Redirect "out" Check nat. Lemma t : 1 = 1. Proof. reflexivity. Qed.',
        reference="Lemma t : 1 = 1. Admitted.",
    ),
    command("extraction to a file", 'Require Extraction. Extraction "out" nat. Lemma t : 1 = 2. Admitted.'),
    command("Drop", "Drop. Lemma t : 1 = 2. Admitted."),
    command("plugin loading", 'Declare ML Module "coq-core.plugins.extraction". Lemma t : 1 = 2. Admitted.'),
    command("extra load path", 'Add LoadPath "/tmp" as Tmp. Lemma t : 1 = 2. Admitted.'),
    command("extra plugin path", 'Add ML Path "/tmp". Lemma t : 1 = 2. Admitted.'),
    command("Load of another file", 'Load "other". Lemma t : 1 = 2. Admitted.'),
    command("Reset", "Lemma h : 1 = 2. Admitted. Reset h. Lemma t : 1 = 2. Admitted."),
    command("Undo", "Lemma t : 1 = 2. Proof. intros. Undo. Admitted."),
    command("BackTo", "Lemma t : 1 = 2. Admitted. BackTo 1."),
    command("Print Universes to a file", 'Print Universes "out". Lemma t : 1 = 2. Admitted.'),
    command(
        "native evaluation",
        "Lemma t : 1 = 1. Proof. native_compute. reflexivity. Qed.",
        reference="Lemma t : 1 = 1. Admitted.",
    ),
    command("kernel primitive", "Primitive int := #int63_type. Lemma t : 1 = 2. Admitted."),
    command("option behind an attribute", "#[local] Set Definitional UIP. Lemma t : 1 = 2. Admitted."),
    Case("unclosed comment", "Lemma t : 1 = 2. (* Admitted.", Finding.NOT_CHECKED, "commands", reason="comment"),
]

SETTINGS = [
    Case(
        "project file with -type-in-type",
        f"{HURKENS}Lemma t : 1 = 2. Proof. destruct ({PARADOX}). Qed.",
        Finding.FORBIDDEN_COMMAND,
        "settings",
        options=("-type-in-type",),
    ),
    Case(
        "project file with native compilation",
        "Lemma t : 1 = 1. Proof. reflexivity. Qed.",
        Finding.FORBIDDEN_COMMAND,
        "settings",
        reference="Lemma t : 1 = 1. Admitted.",
        options=("-native-compiler", "yes"),
    ),
    Case(
        "project file with a kernel option",
        "Lemma t : 1 = 1. Proof. reflexivity. Qed.",
        Finding.FORBIDDEN_COMMAND,
        "settings",
        reference="Lemma t : 1 = 1. Admitted.",
        options=("-set", "Definitional UIP=true"),
    ),
    Case(
        "reference that does not compile",
        "Lemma t : 1 = 1. Proof. reflexivity. Qed.",
        Finding.NOT_CHECKED,
        "reference",
        reference="Lemma t : 1 = one. Admitted.",
        reason="one",
    ),
    Case(
        "theorem that the reference lacks",
        "Lemma t : 1 = 1. Proof. reflexivity. Qed.",
        Finding.NOT_CHECKED,
        "reference",
        reference="Lemma s : 1 = 1. Admitted.",
        reason="no theorem t",
    ),
]

REFUSED = [*HOLES, *AXIOMS, *FLAGS, *STATEMENTS, *COMMANDS, *SETTINGS, *MODULES, *LEVELS]

ACCEPTED = [*HONEST, *MODULES_ACCEPTED, *LEVELS_ACCEPTED]
