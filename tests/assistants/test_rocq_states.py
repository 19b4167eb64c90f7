"""States of the real assistant: their text reads back to an equal value, and their steps give scripts that compile."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from proofloom.assistants.rocq.scripts import format_script
from proofloom.assistants.rocq.sentences import split
from proofloom.assistants.rocq.session import Rocq
from proofloom.assistants.rocq.source import Source
from proofloom.assistants.rocq.toolchain import find_toolchain
from proofloom.proofs import ProofState, Step, Theorem

pytestmark = pytest.mark.rocq

FILE = """
Require Import String List.
Record R := { first : nat; second : nat }.
Lemma states (é₀ x y : nat) (r := {| first := 1; second := 2 |}) (s := "a := b ⊢ c."%string)
    (f := fix g (n : nat) : nat := match n with O => 0 | S m => let k := m in g k end)
    (H : let z := 3 in z = x) (H' : match y with O => True | S n => exists m : nat, n = m end) :
  match x with O => x = é₀ | S n => let u := n in u = u /\\ forall w, w = x -> x = w end \\/ True.
Proof. Admitted.
Lemma closed : True /\\ (1 = 1 /\\ forall b : bool, b = b). Proof. Admitted.
"""


@pytest.fixture(scope="module")
def rocq() -> Iterator[Rocq]:
    assistant = Rocq(find_toolchain())
    yield assistant
    assistant.close()


def walk(rocq: Rocq, theorem: Theorem, tactics: list[str]) -> list[Step]:
    """The steps of those tactics that are accepted, one after the other."""
    session = rocq.open(theorem)
    steps: list[Step] = []
    state = session.root
    for tactic in tactics:
        result = session.apply(state, tactic, 10.0)
        if isinstance(result, Step):
            steps.append(result)
            state = result.after
    session.close()
    return steps


def test_lets_unicode_strings_and_matches_read_back(rocq: Rocq) -> None:
    source = Source(FILE.encode())
    tactics = ["pose (q := fun a : nat => a)", "destruct x", "left", "set (v := match y with O => 1 | S n => n end)"]
    steps = walk(rocq, source.theorem(source.holes[0]), tactics)
    assert len(steps) == 4
    for state in (steps[0].before, *(step.after for step in steps)):
        assert ProofState.parse(state.text) == state
    declarations = {name: hypothesis for hypothesis in steps[0].before.goals[0].hypotheses for name in hypothesis.names}
    assert declarations["s"].body == '"a := b ⊢ c."%string'
    assert (declarations["f"].type, declarations["H"].body) == ("nat -> nat", None)
    assert "é₀" in declarations


def test_no_hypotheses_several_goals_and_no_goals_read_back(rocq: Rocq) -> None:
    source = Source(FILE.encode())
    steps = walk(rocq, source.theorem(source.holes[1]), ["split", "exact I", "split", "reflexivity", "reflexivity"])
    assert [len(step.after.goals) for step in steps] == [2, 1, 2, 1, 0]
    assert steps[0].after.goals[0].hypotheses == ()
    assert steps[-1].after.finished
    for step in steps:
        assert ProofState.parse(step.after.text).goals == step.after.goals


def test_a_script_with_bullets_compiles_where_the_goals_are_a_tree(rocq: Rocq, tmp_path: Path) -> None:
    source = Source(FILE.encode())
    tactics = ["split", "exact I", "split", "reflexivity", "destruct b", "reflexivity", "reflexivity"]
    script = format_script(walk(rocq, source.theorem(source.holes[1]), tactics))
    assert script.splitlines()[:3] == ["split.", "- exact I.", "- split."]
    compiled(rocq, tmp_path, source.filled({"closed": [script]}))


def test_a_script_whose_goals_share_a_variable_is_a_plain_list(rocq: Rocq, tmp_path: Path) -> None:
    source = Source(b"Lemma a : exists n : nat, n = 1 /\\ n = 1.\nProof.\nAdmitted.\n")
    tactics = ["eexists", "split", "reflexivity", "reflexivity"]
    script = format_script(walk(rocq, source.theorem(source.holes[0]), tactics))
    assert script == "eexists.\nsplit.\nreflexivity.\nreflexivity."
    compiled(rocq, tmp_path, source.filled({"a": [script]}))


def test_each_gap_of_a_half_done_proof_opens_at_its_goal(rocq: Rocq, tmp_path: Path) -> None:
    source = Source(
        b"Lemma a (n : nat) : n = n /\\ (True /\\ 0 = 0).\nProof.\n  split.\n  - destruct n.\n    + admit.\n"
        b"    + admit.\n  - split.\n    admit.\nAdmitted.\n"
    )
    (hole,) = source.holes
    scripts: list[str] = []
    for gap, conclusion in enumerate(["0 = 0", "S n = S n", "True", "0 = 0"]):
        theorem = source.theorem(hole, gap, scripts)
        session = rocq.open(theorem)
        assert [goal.conclusion for goal in session.root.goals] == [conclusion]
        step = session.apply(session.root, "auto", 10.0)
        assert isinstance(step, Step)
        assert session.finish(step.after) is None
        session.close()
        scripts.append(format_script([step]))
    compiled(rocq, tmp_path, source.filled({"a": scripts}))


def test_the_last_gap_may_have_nothing_left(rocq: Rocq, tmp_path: Path) -> None:
    source = Source(b"Lemma a : True /\\ True.\nProof.\n  split.\n  - admit.\n  - exact I.\nAdmitted.\n")
    (hole,) = source.holes
    session = rocq.open(source.theorem(hole, 1, ["exact I."]))
    assert session.root.finished
    assert session.finish(session.root) is None
    session.close()
    compiled(rocq, tmp_path, source.filled({"a": ["exact I.", ""]}))


@pytest.mark.slow
@pytest.mark.parametrize(
    "module", ["Bool/Bool.v", "Lists/List.v", "Logic/ChoiceFacts.v", "Strings/String.v", "Vectors/Fin.v"]
)
def test_states_of_library_proofs_read_back(rocq: Rocq, module: str) -> None:
    source = Source.read(rocq.toolchain.standard_folder / module)
    count = 0
    for proof in source.proofs[::4]:
        tactics = [
            tactic for tactic in proof.tactics if not next(split(tactic.encode("utf-8", "surrogateescape"))).bullet
        ]
        for step in walk(rocq, source.restated(proof), tactics):
            assert ProofState.parse(step.after.text).goals == step.after.goals
            count += 1
    assert count >= 10


def compiled(rocq: Rocq, folder: Path, data: bytes) -> None:
    (folder / "Filled.v").write_bytes(data)
    command = [*rocq.toolchain.coqc, "-q", "-w", "none", "Filled.v"]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
