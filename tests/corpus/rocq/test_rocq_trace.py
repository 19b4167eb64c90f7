"""What the tracer says about small developments: states, tactics and premises exactly, and how a file fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from rocq_development import compile_files, theorem, trace_file, write

from proofloom.corpus.records import TracedFile
from proofloom.corpus.tracer import Traced, TraceError, TraceLimits

pytestmark = pytest.mark.rocq

TACTICS = """\
(** Comments (* nested *) with "strings. Qed." in them. *)
Definition double (n : nat) := n + n.
Notation twice_S := plus_n_Sm.
Lemma double_S n : double (S n) = S (S (double n)).
Proof. (* the (* only *) way *)
  unfold double.
  simpl; rewrite <- twice_S; reflexivity.
Qed.
Lemma chain (a b : bool) : andb a b = andb b a.
Proof. destruct a; destruct b; reflexivity. Qed.
Lemma chain_now (a b : bool) : andb a b = andb b a.
Proof. now destruct a; destruct b. Qed.
Lemma brackets (A B : Prop) : A /\\ B -> B /\\ A.
Proof. intros [HA HB]; split; [exact HB | exact HA]. Qed.
Lemma bullets (n : nat) : n + 0 = n.
Proof.
  induction n as [|k IH].
  - { reflexivity. }
  - simpl.
    + rewrite IH. reflexivity.
Qed.
Lemma selectors (A B C : Prop) (a : A) (b : B) (c : C) : A /\\ B /\\ C.
Proof.
  split. 2: split.
  2: exact b.
  all: assumption.
Qed.
Lemma apart (A : Prop) (a : A) : A /\\ (0 = 0 /\\ A).
Proof. split; [|split]. 1,3: idtac; exact a. reflexivity. Qed.
Lemma dots (A B : Prop) (a : A) (b : B) : A /\\ B.
Proof with auto using conj.
  split...
Qed.
Lemma idle : True.
Proof. exact I; auto; fail. Qed.
Lemma term : forall n : nat, twice n = n + n.
Proof (fun n => eq_refl).
""".replace("twice n", "double n")


@pytest.fixture(scope="module")
def tactics(tmp_path_factory: pytest.TempPathFactory) -> Traced:
    folder = write(tmp_path_factory.mktemp("tactics"), {"Tactics.v": TACTICS})
    compile_files(folder, "Tactics.v")
    return trace_file(folder, "Tactics.v")


def written(file: TracedFile, name: str) -> list[tuple[str, int]]:
    """Tactics of a proof, and on how many goals each acts."""
    return [(step.tactic, step.goals) for step in theorem(file, name).steps]


def used(file: TracedFile, name: str) -> list[tuple[str, ...]]:
    return [step.premises for step in theorem(file, name).steps]


def test_a_proof_is_its_states_tactics_and_premises(tactics: Traced) -> None:
    proof = theorem(tactics.file, "double_S")
    assert (proof.full_name, proof.statement) == (
        "Dev.Tactics.double_S", "Lemma double_S n : double (S n) = S (S (double n)).",
    )  # fmt: skip
    assert (proof.kind, proof.line, proof.ending, proof.admitted) == ("Lemma", 4, "Qed.", False)
    assert proof.human_tactics == 2
    assert [(step.state_before, step.tactic, step.state_after, step.premises) for step in proof.steps] == [
        (
            "n : nat\n⊢ double (S n) = S (S (double n))", "unfold double", "n : nat\n⊢ S n + S n = S (S (n + n))",
            ("Dev.Tactics.double",),
        ),
        ("n : nat\n⊢ S n + S n = S (S (n + n))", "simpl", "n : nat\n⊢ S (n + S n) = S (S (n + n))", ()),
        (
            "n : nat\n⊢ S (n + S n) = S (S (n + n))", "rewrite <- twice_S", "n : nat\n⊢ S (S (n + n)) = S (S (n + n))",
            ("Coq.Init.Peano.plus_n_Sm",),
        ),
        ("n : nat\n⊢ S (S (n + n)) = S (S (n + n))", "reflexivity", "no goals", ()),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("chain", [("destruct a", 1), ("destruct b", 2), ("reflexivity", 4)]),
        ("chain_now", [("now destruct a; destruct b", 1)]),
        ("brackets", [("intros [HA HB]", 1), ("split", 1), ("[> exact HB | exact HA]", 2)]),
        ("bullets", [("induction n as [|k IH]", 1), ("reflexivity", 1), ("simpl", 1), ("rewrite IH", 1),
                     ("reflexivity", 1)]),
        ("selectors", [("split", 1), ("split", 1), ("exact b", 1), ("assumption", 2)]),
        ("apart", [("split", 1), ("[> |split]", 2), ("1,3: idtac; exact a", 3), ("reflexivity", 1)]),
        ("dots", [("split", 1), ("auto using conj", 2)]),
        ("idle", [("exact I", 1)]),
        ("term", [("exact (fun n => eq_refl)", 1)]),
    ],
)  # fmt: skip
def test_sentences_become_steps(tactics: Traced, name: str, steps: list[tuple[str, int]]) -> None:
    assert written(tactics.file, name) == steps


def test_states_are_whole_and_the_goals_acted_on_come_first(tactics: Traced) -> None:
    second = theorem(tactics.file, "bullets").steps[2]
    assert second.state_before == "k : nat\nIH : k + 0 = k\n⊢ S k + 0 = S k"
    context = "A B C : Prop\na : A\nb : B\nc : C\n"
    _, split, exact, _ = theorem(tactics.file, "selectors").steps
    assert split.state_before == f"{context}⊢ B /\\ C\n\n{context}⊢ A"
    assert split.state_after == f"{context}⊢ B\n\n{context}⊢ C\n\n{context}⊢ A"
    assert exact.state_before == f"{context}⊢ B\n\n{context}⊢ A\n\n{context}⊢ C"
    assert exact.state_after == f"{context}⊢ A\n\n{context}⊢ C"


def test_the_step_after_dots_has_the_premises_of_its_tactic(tactics: Traced) -> None:
    assert used(tactics.file, "dots") == [(), ("Coq.Init.Logic.conj",)]
    assert used(tactics.file, "term") == [("Coq.Init.Logic.eq_refl",)]


def test_what_was_counted(tactics: Traced) -> None:
    tally = tactics.tally
    assert (tally.proofs, tally.tactics) == (10, 19)
    assert tally.steps == sum(len(t.steps) for t in tactics.file.theorems) == 28
    assert (tally.chains, tally.apart, tally.whole, tally.idle) == (7, 6, 1, 2)
    assert (tally.unseen, tally.again, tally.cut) == (0, 0, 0)
    assert tally.with_premises == 5
    assert tally.premises == len(tactics.file.premises)
    assert tally.compiler_seconds == 0


def test_every_theorem_is_a_premise_where_it_stands(tactics: Traced) -> None:
    premises = {premise.full_name: premise for premise in tactics.file.premises}
    assert [p.start for p in tactics.file.premises] == sorted(p.start for p in tactics.file.premises)
    for proof in tactics.file.theorems:
        assert premises[proof.full_name].statement == proof.statement
        assert proof.start <= premises[proof.full_name].start < proof.start + len(proof.statement)
    assert premises["Dev.Tactics.double"].kind == "definition"
    assert tactics.file.imports == ("Coq.Init.Prelude",)


def test_long_states_are_cut_and_say_so(tmp_path: Path) -> None:
    write(tmp_path, {"Long.v": "Lemma long : 0 = 0 -> True.\nProof. intro H. clear H. exact I. Qed.\n"})
    traced = trace_file(tmp_path, "Long.v", TraceLimits(characters=8))
    assert [(s.state_before, s.state_after, s.cut) for s in theorem(traced.file, "long").steps] == [
        ("⊢ 0 = 0 ", "H : 0 = ", True),
        ("H : 0 = ", "⊢ True", True),
        ("⊢ True", "no goals", False),
    ]
    assert traced.tally.cut == 2
    assert all(len(premise.statement) <= 8 for premise in traced.file.premises)
    assert traced.tally.compiler_seconds > 0  # there was no compiled file to read


MODULES = """\
Section Group.
  Variable A : Type.
  Variable op : A -> A -> A.
  Hypothesis comm : forall x y, op x y = op y x.
  Let twist x y := op y x.
  Lemma twist_op x y : twist x y = op x y.
  Proof using comm. unfold twist; apply comm. Qed.
End Group.
Module Outer.
  Lemma inside : 1 = 1.
  Proof. reflexivity. Qed.
  Module Deep.
    Lemma inside : 0 = 0.
    Proof. reflexivity. Qed.
  End Deep.
  Lemma outside : 0 = 0 /\\ 1 = 1.
  Proof. split; [apply Deep.inside|]. apply inside. Qed.
  Import Deep.
  Lemma shadowed : 0 = 0.
  Proof. apply inside. Qed.
  Section S.
    Variable n : nat.
    Section R.
      Lemma mine : n = n.
      Proof. reflexivity. Qed.
      Lemma own : n = n /\\ 0 = 0.
      Proof. split; [apply mine | exact Deep.inside]. Qed.
    End R.
    Lemma closed : n = n.
    Proof. apply own. Qed.
  End S.
End Outer.
Module Type T.
  Parameter t : Type.
  Parameter x : t.
  Axiom all_x : forall y : t, y = x.
End T.
Module F (M : T).
  Lemma same (a b : M.t) : a = b.
  Proof. rewrite (M.all_x a). symmetry. apply M.all_x. Qed.
  Module G.
    Lemma again (a b : M.t) : b = a.
    Proof. apply same. Qed.
  End G.
  Lemma once_more (a b : M.t) : a = b.
  Proof. apply G.again. Qed.
End F.
Module U <: T.
  Definition t := unit.
  Definition x := tt.
  Lemma all_x : forall y : t, y = x.
  Proof. intros []; reflexivity. Qed.
End U.
Module FU := F U.
Module Both.
  Include F U.
  Lemma here (a b : unit) : a = b.
  Proof. apply same. Qed.
End Both.
Lemma via_functor (a b : unit) : a = b.
Proof. apply FU.same. Qed.
Lemma via_both (a b : unit) : a = b.
Proof. transitivity tt; [apply Both.same | apply FU.G.again]. Qed.
"""


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> TracedFile:
    folder = write(tmp_path_factory.mktemp("modules"), {"Modules.v": MODULES})
    compile_files(folder, "Modules.v")
    return trace_file(folder, "Modules.v").file


@pytest.mark.parametrize(
    ("name", "premises"),
    [
        ("Outer.outside", [(), ("Outer.Deep.inside",), ("Outer.inside",)]),
        ("Outer.shadowed", [("Outer.Deep.inside",)]),
        ("Outer.own", [(), ("Outer.mine", "Outer.Deep.inside")]),
        ("Outer.closed", [("Outer.own",)]),
        ("F.same", [("M.all_x",), (), ("M.all_x",)]),
        ("F.G.again", [("F.same",)]),
        ("F.once_more", [("F.G.again",)]),
        ("Both.here", [("Both.same",)]),
        ("via_functor", [("FU.same",)]),
        ("via_both", [("Coq.Init.Datatypes.tt",), ("Both.same", "FU.G.again")]),
        ("twist_op", [(), ()]),
    ],
)
def test_premises_have_their_whole_names(modules: TracedFile, name: str, premises: list[tuple[str, ...]]) -> None:
    whole = [tuple(n if n.startswith("Coq.") else f"Dev.Modules.{n}" for n in names) for names in premises]
    assert used(modules, name) == whole


def test_premises_in_use_are_among_the_premises_before_the_proof(modules: TracedFile) -> None:
    starts = {premise.full_name: premise.start for premise in modules.premises}
    for proof in modules.theorems:
        for name in (name for step in proof.steps for name in step.premises if name.startswith("Dev.")):
            assert starts[name] < proof.start, name


def test_names_that_functors_bring_have_their_types(modules: TracedFile) -> None:
    statements = {premise.full_name: premise.statement for premise in modules.premises}
    assert statements["Dev.Modules.FU.same"] == "same : forall a b : U.t, a = b"
    assert statements["Dev.Modules.M.all_x"] == "M.all_x : forall y : M.t, y = M.x"
    assert statements["Dev.Modules.Both.same"] == "same : forall a b : U.t, a = b"


def test_section_variables_are_in_the_context_and_no_premises(modules: TracedFile) -> None:
    first = theorem(modules, "twist_op").steps[0]
    assert first.state_before == (
        "A : Type\nop : A -> A -> A\ncomm : forall x y : A, op x y = op y x\n"
        "twist : A -> A -> A := fun x y : A => op y x\nx y : A\n⊢ twist x y = op x y"
    )
    assert not {p.full_name for p in modules.premises} & {f"Dev.Modules.{name}" for name in ("op", "comm", "twist")}


KINDS = """\
Require Import Coq.Program.Program.
Require Import Setoid.
Inductive shape : Set := Round | Square (side : nat).
Record point := { px : nat; py : nat }.
Class shown (A : Type) := { show : A -> nat; showed : forall a, show a = 0 }.
Program Definition half (n : nat) : { m : nat | exists k, m = n + k } := n.
Next Obligation. now exists 0. Defined.
Program Definition third (n : nat) : { m : nat | exists k, m = n + k } := n.
Obligation 1. exists 0; auto. Qed.
#[export] Instance shown_nat : shown nat.
Proof. exists (fun _ => 0). intros a; reflexivity. Defined.
Lemma kept_back : 0 = 1.
Admitted.
Lemma begun : 0 = 1.
Proof. intros. Admitted.
Lemma given_up : 0 = 1.
Proof. Abort.
Goal forall n : nat, n = n. intro n; reflexivity. Save named.
Goal True. exact I. Qed.
Definition by_proof : nat. Proof. exact (px {| px := 3; py := 4 |}). Defined.
Definition equal (x y : nat) := x = y.
Add Parametric Relation : nat equal reflexivity proved by (@eq_refl nat) as equal_rel.
Lemma cases (s : shape) : s = Round \\/ exists n, s = Square n.
Proof. destruct s as [|n] using shape_ind. now left. right; exists n; reflexivity. Qed.
"""


def test_every_kind_of_proof_has_the_name_that_rocq_gives_it(tmp_path: Path) -> None:
    write(tmp_path, {"Kinds.v": KINDS})
    compile_files(tmp_path, "Kinds.v")
    traced = trace_file(tmp_path, "Kinds.v")
    proofs = {proof.full_name.removeprefix("Dev.Kinds."): proof for proof in traced.file.theorems}
    assert list(proofs) == [
        "half_obligation_1", "third_obligation_1", "shown_nat", "kept_back", "begun", "named", "Unnamed_thm",
        "by_proof", "cases",
    ]  # fmt: skip
    assert [name for name, proof in proofs.items() if proof.admitted] == ["kept_back", "begun"]
    assert [step.tactic for step in proofs["third_obligation_1"].steps] == ["exists 0", "auto"]
    assert [step.premises for step in proofs["by_proof"].steps] == [("Dev.Kinds.px", "Dev.Kinds.py")]
    assert proofs["cases"].steps[0].premises == ("Dev.Kinds.shape_ind",)
    premises = {p.full_name.removeprefix("Dev.Kinds."): (p.kind, p.statement) for p in traced.file.premises}
    assert "given_up" not in premises
    assert premises["half_obligation_1"] == (
        "theorem", "half_obligation_1 : forall n : nat, exists k : nat, n = n + k",
    )  # fmt: skip
    assert premises["named"] == ("theorem", "Goal forall n : nat, n = n.")
    assert premises["Unnamed_thm"] == ("theorem", "Goal True.")
    assert premises["Square"] == ("constructor", "Square (side : nat)")
    assert premises["Build_point"] == ("constructor", "Build_point : nat -> nat -> point")
    assert premises["px"] == ("projection", "px : nat")
    assert premises["showed"] == ("projection", "showed : forall a, show a = 0")
    assert premises["shape_ind"][0] == "scheme"
    assert traced.file.imports == ("Coq.Init.Prelude", "Coq.Program.Program", "Coq.Setoids.Setoid")


def test_what_another_file_defines_and_what_is_required(tmp_path: Path) -> None:
    first = (
        "Lemma one : 1 = 1. Proof. reflexivity. Qed.\nModule M. Lemma two : 2 = 2. Proof. reflexivity. Qed. End M.\n"
    )
    second = (
        "From Dev Require Import First.\nRequire Sub.Third.\nLemma both : 1 = 1 /\\ 2 = 2.\n"
        "Proof. split. apply one. exact M.two. Qed.\nLemma third : 3 = 3. Proof Sub.Third.three.\n"
    )
    third = "Lemma three : 3 = 3. Proof eq_refl.\n"
    write(tmp_path, {"First.v": first, "Sub/Third.v": third, "Second.v": second})
    (tmp_path / "_CoqProject").write_text("-R . Dev\n")
    compile_files(tmp_path, "First.v", "Sub/Third.v")
    traced = trace_file(tmp_path, "Second.v").file
    assert traced.imports == ("Coq.Init.Prelude", "Dev.First", "Dev.Sub.Third")
    assert used(traced, "both") == [(), ("Dev.First.one",), ("Dev.First.M.two",)]
    assert used(traced, "third") == [("Dev.Sub.Third.three",)]


FAILING = [
    ("Lemma a : 0 = 0.\nProof.\n  apply nothing.\nQed.\n", 3, "apply nothing.", "The reference nothing was not found"),
    ("Definition a := 0.\nLemma b : a.\nProof. auto. Qed.\n", 2, "Lemma b : a.", "which should be Set, Prop or Type"),
    ("Lemma a : 0 = 1.\nProof.\nQed.\n", 3, "Qed.", "incomplete proof"),
    ("Lemma a : 0 = 0.\nProof. auto.\n", 1, "Lemma a : 0 = 0.", "its proof has no end"),
    (
        "Lemma a : 0 = 0.\nProof. auto. Qed. (* never closed",
        2,
        "",
        "cannot be cut: byte 35: the comment opened here is not closed",
    ),
    ("From Dev Require Import Gone.\n", 1, "From Dev Require Import Gone.", "compile the development first (make)"),
]


@pytest.mark.parametrize(("text", "line", "sentence", "reason"), FAILING)
def test_a_file_that_fails_says_where_and_why(tmp_path: Path, text: str, line: int, sentence: str, reason: str) -> None:
    write(tmp_path, {"Bad.v": text})
    with pytest.raises(TraceError) as failed:
        trace_file(tmp_path, "Bad.v")
    assert (failed.value.line, failed.value.sentence) == (line, sentence)
    assert reason in failed.value.reason
    assert "\n" not in failed.value.reason


def test_a_refusal_at_the_replay_names_the_sentence(tmp_path: Path) -> None:
    """The compiled file fits, but the replay is not given what the compiler was given."""
    write(tmp_path, {"Set.v": "Lemma a : 0 = 0.\nProof.\n  reflexivity.\nQed.\n"})
    compile_files(tmp_path, "Set.v")
    with pytest.raises(TraceError) as failed:
        trace_file(tmp_path, "Set.v", TraceLimits(sentence_seconds=1e-6))
    assert failed.value.line in (1, 3)


def test_compiled_files_that_do_not_fit_are_told(tmp_path: Path) -> None:
    lemma = "Lemma {0} : {1} = {1}. Proof. reflexivity. Qed.\n"
    sources = {"A.v": lemma.format("a", 1), "B.v": "From Dev Require A.\n", "C.v": "From Dev Require A B.\n"}
    write(tmp_path, sources)
    compile_files(tmp_path, "A.v", "B.v", "C.v")
    (tmp_path / "A.v").write_text(lemma.format("a", 2))
    with pytest.raises(TraceError, match=r"A.vo was compiled from another text; compile the development again \(make"):
        trace_file(tmp_path, "A.v")
    compile_files(tmp_path, "A.v")
    assert trace_file(tmp_path, "A.v").file.theorems[0].statement == "Lemma a : 2 = 2."
    with pytest.raises(TraceError, match=r"inconsistent assumptions .*; compile the development again \(make"):
        trace_file(tmp_path, "C.v")
    (tmp_path / "A.vo").write_bytes(b"not a compiled file")
    with pytest.raises(TraceError, match=r"; compile the development again \(make"):
        trace_file(tmp_path, "B.v")
    (tmp_path / "A.vo").unlink()
    with pytest.raises(TraceError, match=r"; compile the development first \(make"):
        trace_file(tmp_path, "B.v")


def test_a_file_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    write(tmp_path, {"Slow.v": "Lemma a : True.\nProof.\n  do 100000000 idtac.\n exact I. Qed.\n"})
    with pytest.raises(TraceError, match="more than 1 s"):
        trace_file(tmp_path, "Slow.v", TraceLimits(load_seconds=1))
