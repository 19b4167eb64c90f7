"""Screening with the real Rocq: contradictory, false and trivial problems are found, and the gate has seen why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from proofloom.app.languages import ROCQ
from proofloom.app.screening.questions import instances
from proofloom.app.screening.screen import ScreenRequest, screen_files
from proofloom.app.toml_records import BadInput
from proofloom.assistants.negation import NoNegation
from proofloom.assistants.rocq.negation import negated
from proofloom.proofs import Goal, Hypothesis

PROBLEMS = """\
Theorem behind_arrows : forall n m : nat, n = 1 -> n = 2 -> m = n.
Proof.
Admitted.
Module M.
  Theorem wrong (n m : nat) : n + m = n.
  Proof.
  Admitted.
End M.
Lemma simple (n : nat) : n = n.
Admitted.
Lemma two : True /\\ True.
Proof.
  split.
  - admit.
  - admit.
Admitted.
"""


@pytest.mark.rocq
def test_each_problem_has_its_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "P.v"
    file.write_text(PROBLEMS)
    assert screen_files(ScreenRequest((file,), seconds=2.0, as_json=True), print) == 1
    rows = {row["theorem"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert {name: row["finding"] for name, row in rows.items()} == {
        "behind_arrows": "contradictory",
        "M.wrong": "refuted",
        "simple": "trivial",
        "two": "open",
    }
    assert rows["behind_arrows"]["contradictory"]["script"][:2] == ["intros", "exfalso"]
    assert all(row[row["finding"]]["level"] == 4 for row in rows.values() if row["finding"] != "open")
    assert (rows["two"]["refuted"]["answer"], "gaps" in rows["two"]["refuted"]["reason"]) == ("not asked", True)


@pytest.mark.rocq
def test_a_file_without_holes_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "P.v").write_text("Lemma a : True. Proof. exact I. Qed.\n")
    with pytest.raises(BadInput, match="no hole there"):
        screen_files(ScreenRequest((tmp_path,)), print)


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        ("Theorem t : A -> B.", "Lemma t_negated : ~ (A -> B)."),
        (
            "Lemma t (n : nat) {A : Type} : n = n :> nat.",
            "Lemma t_negated : ~ (forall (n : nat) {A : Type}, n = n :> nat).",
        ),
        ("Local Fact t x (y := 3) :\n  x = y.", "Lemma t_negated : ~ (forall x (y := 3), x = y)."),
    ],
)
def test_the_negation_is_stated_before_the_theorem(statement: str, line: str) -> None:
    source = ROCQ.source(f"Section S.\n{statement}\nAdmitted.\nEnd S.\n".encode(), None)
    found = negated(source.data, None, source.holes[0])
    assert found.data.decode() == f"Section S.\n{line}\nProof.\nAdmitted.\n{statement}\nAdmitted.\nEnd S.\n"
    assert [hole.path for hole in ROCQ.source(found.data, None).holes] == ["t_negated", "t"]


def test_what_is_no_theorem_has_no_negation() -> None:
    source = ROCQ.source(b"Definition t : nat.\nAdmitted.\n", None)
    with pytest.raises(NoNegation):
        negated(source.data, None, source.holes[0])


def test_general_hypotheses_are_said_of_small_numbers_and_of_what_is_at_hand() -> None:
    goal = Goal((Hypothesis(("k", "k✝"), "nat"), Hypothesis(("h",), "forall n, p n")), "False")
    assert instances(goal) == ["specialize (h 0)", "specialize (h 1)", "specialize (h 2)", "specialize (h k)"]
