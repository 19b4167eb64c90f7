"""`check` and `doctor` with the real gate."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import proofloom

pytestmark = pytest.mark.rocq

REFERENCE = (
    "Definition two := 2.\nLemma a : two = 2.\nProof.\nAdmitted.\nModule M.\nLemma b : True. Admitted.\nEnd M.\n"
)
PROVED = REFERENCE.replace("Admitted", "reflexivity. Qed", 1).replace("Admitted", "exact I. Qed")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Ref.v").write_text(REFERENCE)
    (tmp_path / "Good.v").write_text(PROVED)
    (tmp_path / "Other.v").write_text(PROVED.replace("two := 2", "two := 1 + 1"))
    (tmp_path / "Half.v").write_text(REFERENCE.replace("Admitted", "reflexivity. Qed", 1))
    (tmp_path / "Axiom.v").write_text(
        PROVED.replace("exact I", "destruct ax").replace("Lemma b", "Axiom ax : False.\nLemma b")
    )
    return tmp_path


def test_every_hole_of_the_reference_is_asked_about(folder: Path) -> None:
    done = proofloom("check", "Ref.v", "Good.v", "--json", cwd=folder)
    assert done.code == 0
    assert [(item["theorem"], item["accepted"], item["level"]) for item in done.objects] == [
        ("a", True, 4),
        ("M.b", True, 4),
    ]
    wanted = {"accepted", "level", "outcome", "axioms", "statement_digest", "checks", "reason"}
    assert all(wanted <= set(item) for item in done.objects)
    assert len(done.objects[0]["statement_digest"]) == 64


@pytest.mark.parametrize(
    ("candidate", "outcomes"),
    [
        ("Ref.v", ["incomplete", "incomplete"]),
        ("Half.v", ["accepted", "incomplete"]),
        ("Other.v", ["wrong_statement", "accepted"]),
        ("Axiom.v", ["accepted", "forbidden_axiom"]),
    ],
)
def test_what_is_refused_says_why(folder: Path, candidate: str, outcomes: list[str]) -> None:
    done = proofloom("check", "Ref.v", candidate, "--json", cwd=folder)
    assert done.code == 1
    assert [item["outcome"] for item in done.objects] == outcomes
    assert all(item["reason"] for item in done.objects if not item["accepted"])


FUNEXT = "Coq.Logic.FunctionalExtensionality.functional_extensionality_dep"


@pytest.mark.parametrize(
    ("allowed", "outcome"), [("", "forbidden_axiom"), ("funext", "accepted"), (FUNEXT, "accepted")]
)
def test_axioms_are_allowed_by_bundle_or_by_name(tmp_path: Path, allowed: str, outcome: str) -> None:
    stated = "Require Import FunctionalExtensionality.\n"
    stated += "Lemma t : forall f g : nat -> nat, (forall n, f n = g n) -> f = g.\n"
    (tmp_path / "Ref.v").write_text(stated + "Admitted.\n")
    (tmp_path / "Good.v").write_text(stated + "Proof. intros f g. apply functional_extensionality. Qed.\n")
    done = proofloom("check", "Ref.v", "Good.v", "--axioms", allowed, "--json", cwd=tmp_path)
    (verdict,) = done.objects
    assert (done.code, verdict["outcome"]) == (0 if allowed else 1, outcome)
    assert verdict["axioms"] == [FUNEXT]
    assert verdict["bundles"] == ([allowed] if allowed else [])


def test_what_cannot_be_asked_is_told_apart(folder: Path) -> None:
    (folder / "Broken.v").write_text("Lemma a : 1 = .\nProof.\nAdmitted.\n")
    done = proofloom("check", "Broken.v", "Good.v", "--json", cwd=folder)
    assert done.code == 2
    assert [item["outcome"] for item in done.objects] == ["not_checked"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["Ref.v", "None.v"], "None.v: cannot be read"),
        (["None.v", "Good.v"], "None.v: cannot be read"),
        (["Ref.v", "Good.v", "--theorem", "c"], "--theorem c: not stated in Ref.v; it states a, M.b"),
        (["Ref.v", "Good.v", "--axioms", "magic"], "no such bundle"),
        (["Good.v", "Good.v"], "Good.v: has no holes; name a theorem with --theorem"),
        (["Ref.v"], "Missing argument"),
    ],
)
def test_bad_input_is_one_line(folder: Path, arguments: list[str], complaint: str) -> None:
    assert complaint in proofloom("check", *arguments, cwd=folder).complaint


def test_doctor_says_what_works(tmp_path: Path) -> None:
    done = proofloom("doctor", "--json", cwd=tmp_path)
    parts = {item["name"]: item for item in done.objects}
    assert done.code == 0
    assert all(item["works"] for item in parts.values() if item["needed"])
    assert "level 4" in parts["gate"]["seen"]
    assert {"rocq", "server", "checker", "library", "session", "limits", "isolation", "hammer"} <= set(parts)
    assert all(item["works"] or item["install"] for item in parts.values())
    assert json.dumps(parts["rocq"]["seen"])
    people = proofloom("doctor", cwd=tmp_path)
    assert people.out.splitlines()[-1] == "ready to prove"
