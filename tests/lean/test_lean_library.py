"""What was traced from Lean files is proposed again in Lean's words, and only where it is imported."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_lean import HEADER

from proofloom.app.languages import LEAN, ROCQ, Installed
from proofloom.app.libraries.trace import TraceRequest, trace_library
from proofloom.app.proving.prove import policy_kit
from proofloom.app.proving.settings import ProveSettings
from proofloom.assistants.lean.session import Lean
from proofloom.assistants.lean.toolchain import LeanToolchain
from proofloom.policies.kit import PolicyKit
from proofloom.policies.policy import Query
from proofloom.proofs import Step

BASE = """\
namespace Base
theorem zero_plus (n : Nat) : 0 + n = n := by
  induction n with
  | zero => rfl
  | succ n ih => exact congrArg Nat.succ ih
theorem swap (p q : Prop) (h : p ∧ q) : q ∧ p := by
  obtain ⟨a, b⟩ := h
  exact ⟨b, a⟩
theorem twice (n : Nat) : 0 + (0 + n) = n := by
  rw [zero_plus, zero_plus]
theorem keep (p q : Prop) : p → q → p := by
  intro first second
  exact first
end Base
"""
USE = """\
theorem a (k : Nat) : 0 + (0 + k) = k := by
  sorry
theorem b (a b : Prop) (hyp : a ∧ b) : b ∧ a := by sorry
theorem c (x y : Prop) : x → y → x := by sorry
"""


@pytest.fixture(scope="module")
def place(lean: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the traced `Base.lean`, a file that imports it and one that does not."""
    folder = tmp_path_factory.mktemp("library")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{lean.parent}:{os.environ['PATH']}")
        patch.setenv("LEAN_PATH", str(folder))
        patch.chdir(folder)
        (folder / "Base.lean").write_text(HEADER + BASE, encoding="utf-8")
        subprocess.run(["lean", "-o", "Base.olean", "Base.lean"], check=True, timeout=60)
        assert trace_library(TraceRequest("Base.lean"), lambda line: None) == 0
        (folder / "Use.lean").write_text("prelude\nimport Base\n" + USE, encoding="utf-8")
        (folder / "Alone.lean").write_text(HEADER + USE, encoding="utf-8")
        yield folder


@pytest.fixture(scope="module")
def kit(place: Path, toolchain: LeanToolchain) -> Iterator[PolicyKit]:
    """Policies for Lean over the library."""
    with policy_kit(ProveSettings(), Installed(LEAN, toolchain)) as opened:
        yield opened


def proposed(place: Path, kit: PolicyKit, policy: str, file: str, name: str, lean: Lean) -> tuple[list[str], list[str]]:
    """The proposals at the first goal of a hole, and those that Lean runs."""
    source = LEAN.read(place / file)
    (hole,) = (hole for hole in source.holes if hole.path == name)
    theorem = source.theorem(hole)
    session = lean.open(theorem)
    (candidates,) = kit.mixture(policy).suggest([Query(session.root, theorem)], 20)
    tactics = [candidate.tactic for candidate in candidates]
    run = [tactic for tactic in tactics if isinstance(session.apply(session.root, tactic, 20), Step)]
    session.close()
    return tactics, run


def test_nearest_neighbours_speak_of_this_goal(place: Path, kit: PolicyKit, assistant: Lean) -> None:
    tactics, run = proposed(place, kit, "knn", "Use.lean", "a", assistant)
    assert "rw [Base.zero_plus, Base.zero_plus]" in run
    assert "induction k with\n| zero => ?_\n| succ k ih => ?_" in run
    assert not any("Nat.zero" in tactic for tactic in tactics)
    assert "obtain ⟨a, b⟩ := hyp" in proposed(place, kit, "knn", "Use.lean", "b", assistant)[1]
    assert "intro first second" in proposed(place, kit, "knn", "Use.lean", "c", assistant)[1]


def test_premises_are_used_in_leans_words(place: Path, kit: PolicyKit, assistant: Lean) -> None:
    tactics, run = proposed(place, kit, "premises", "Use.lean", "a", assistant)
    assert "rw [Base.zero_plus]" in run
    assert not any("rewrite" in tactic or "eapply" in tactic for tactic in tactics)
    assert "apply Base.swap" in proposed(place, kit, "premises", "Use.lean", "b", assistant)[1]


@pytest.mark.parametrize("policy", ["knn", "premises"])
def test_what_is_not_imported_is_not_proposed(place: Path, kit: PolicyKit, assistant: Lean, policy: str) -> None:
    assert proposed(place, kit, policy, "Alone.lean", "a", assistant) == ([], [])


def test_theorems_of_rocq_find_nothing_in_files_of_lean(place: Path, assistant: Lean) -> None:
    with PolicyKit("", "", lambda file: file.stem, reading=ROCQ.reading) as kit:
        assert proposed(place, kit, "knn", "Use.lean", "a", assistant)[0] == []
