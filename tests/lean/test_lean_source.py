"""Lean files with holes: what is a hole, what stands around it, and a filled file that the real Lean compiles."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from small_lean import HEADER

from proofloom.assistants.lean.session import Lean
from proofloom.assistants.lean.text.source import Source
from proofloom.assistants.session import AssistantError
from proofloom.proofs import Step

FILE = (
    HEADER
    + """
/-- A theorem whose comment says sorry. -/
theorem one (p q : Prop) (h : p ∧ q) : q ∧ p := sorry

theorem two (p q : Prop) (h : p ∧ q) : q ∧ p := by
  sorry

namespace Deep
namespace «my space»

theorem three (p q : Prop) (h : p ∧ q) : q ∧ p := by
  -- not a sorry
  constructor
  · sorry
  · exact h.left -- nor this sorry

theorem four (p q : Prop) (h : p ∨ q) : q ∨ p := by
  cases h with
  | inl a => sorry
  | inr b =>
    sorry

end «my space»

theorem five (p q : Prop) (h : p ∧ q) : q ∧ p := by
  have a : p := sorry
  have b : q := by sorry
  exact ⟨b, a⟩

theorem six (p q : Prop) (h : p ∧ q) : q ∧ p :=
  ⟨sorry, h.left⟩

end Deep

theorem seven (p : Prop) (h : p) : p := id sorry

theorem eight (p q : Prop) (a : p) (b : q) : (p ∧ q) ∧ p := by
  constructor; constructor
  all_goals sorry

theorem nine (p : Prop) (h : p) : p :=
  helper
where
  helper : p := sorry

theorem ten (p : Prop) (h : p) : p ∧ True := by
  constructor
  first | exact False.elim h | sorry
  first
  | exact h
  | trivial

theorem proved : True := trivial
"""
)
SCRIPTS = {
    "one": ["exact ⟨h.right, h.left⟩"],
    "two": ["constructor\nexact h.right\nexact h.left"],
    "Deep.«my space».three": ["have b := h.right\nexact b"],
    "Deep.«my space».four": ["right\nexact a", "left\nexact b"],
    "Deep.five": ["exact h.left", "cases h with\n| intro a b => exact b"],
    "Deep.six": ["exact h.right"],
    "seven": ["exact h"],
    "eight": ["skip\nassumption"],
    "nine": ["exact h"],
    "ten": ["have a := h\nexact a"],
}


def source(text: str) -> Source:
    return Source(text.encode())


def test_holes_have_paths_lines_and_gaps() -> None:
    found = source(FILE).holes
    assert {hole.path: len(hole.gaps) for hole in found} == {path: len(texts) for path, texts in SCRIPTS.items()}
    lines = FILE.split("\n")
    for hole in found:
        assert not hole.unsupported
        assert f"theorem {hole.name}" in "\n".join(lines[hole.line - 1 : hole.line + 1])
        data = FILE.encode()
        assert data[hole.start :].startswith(b"theorem") or hole.name == "one"
        for gap in hole.gaps:
            assert data[gap.start : gap.end].endswith(b"sorry")


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("theorem t : p := sorry", "theorem t : p := by\n  a\n  b"),
        ("theorem t : p := by sorry", "theorem t : p := by\n  a\n  b"),
        ("theorem t : p := by\n    sorry\n", "theorem t : p := by\n  a\n  b\n"),
        ("theorem t : p := by\n  x\n  sorry", "theorem t : p := by\n  x\n  · a\n    b"),
        ("theorem t : p := by\n  · sorry\n  · x", "theorem t : p := by\n  · a\n    b\n  · x"),
        ("theorem t : p := f sorry", "theorem t : p := f (by\n  a\n  b)"),
        ("theorem t : p := ⟨sorry, x⟩", "theorem t : p := ⟨by\n  a\n  b, x⟩"),
        ("theorem t : p := by\n  have h : q := sorry\n  x",
         "theorem t : p := by\n  have h : q := by\n    a\n    b\n  x"),
        ("theorem t : p := by\n  · have h : q := sorry\n    x",
         "theorem t : p := by\n  · have h : q := by\n      a\n      b\n    x"),
        ("theorem t : p := by\n  x <;> sorry", "theorem t : p := by\n  x <;> · a\n          b"),
        ("theorem t : p := by\n  cases h with\n  | inl a => sorry\n  | inr b => x",
         "theorem t : p := by\n  cases h with\n  | inl a => · a\n               b\n  | inr b => x"),
        ("theorem t : p := by\n  first | x y | sorry",
         "theorem t : p := by\n  first | x y | · a\n                  b"),
        ("theorem t : p := by\n  first\n  | x\n  | sorry\n  y",
         "theorem t : p := by\n  first\n  | x\n  | · a\n      b\n  y"),
        ("theorem t : p := by\n  first | sorry | x",
         "theorem t : p := by\n  first | · a\n            b | x"),
        ("theorem t : p := by\n  (first | x | sorry)",
         "theorem t : p := by\n  (first | x | · a\n                 b)"),
        ("theorem t : p := by\n  first | exact f (x | sorry) | y",
         "theorem t : p := by\n  first | exact f (x | (by\n    a\n    b)) | y"),
        ("theorem t : p := by\n  exact match h with\n  | .inl a => sorry\n  | .inr b => x",
         "theorem t : p := by\n  exact match h with\n  | .inl a => by\n"
         "                a\n                b\n  | .inr b => x"),
        ("theorem t : p := by\r\n  sorry\r\n", "theorem t : p := by\r\n  a\r\n  b\r\n"),
        ("theorem t : p := by\n  admit\n\ntheorem u : p := x",
         "theorem t : p := by\n  a\n  b\n\ntheorem u : p := x"),
        ("theorem t : p := x\nwhere\n  y : q := sorry\n",
         "theorem t : p := x\nwhere\n  y : q := by\n    a\n    b\n"),
    ],
)  # fmt: skip
def test_scripts_are_put_in_by_layout(text: str, filled: str) -> None:
    assert source(text).filled({"t": ["a\nb"]}) == filled.encode()


@pytest.mark.parametrize(
    "text",
    [
        "theorem t : p := x -- sorry",
        "/- theorem t : p := sorry -/\ntheorem u : p := x",
        "/-- sorry -/\ntheorem u : p := x",
        'def s : String := "sorry"',
        'def s : String := r#"sorry"#',
        "theorem t : p := x.sorry",
        "theorem sorry_free : p := «sorry»",
        "-- nothing",
        "",
    ],
)
def test_what_is_no_hole(text: str) -> None:
    assert source(text).holes == ()
    assert source(text).filled({}) == text.encode()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("example : p := sorry", "example without a name"),
        ("instance : Foo := sorry", "instance without a name"),
        ("mutual\ntheorem t : p := sorry\nend", "inside mutual"),
        ("private theorem t : p := sorry", "private"),
    ],
)
def test_holes_that_cannot_be_filled_say_why(text: str, reason: str) -> None:
    (hole,) = source(text).holes
    assert reason in hole.unsupported
    assert hole.gaps == ()
    with pytest.raises(AssistantError, match=reason):
        source(text).theorem(hole)
    with pytest.raises(ValueError, match="cannot be filled"):
        source(text).filled({hole.path: ["x"]})


def test_names_follow_namespaces_and_sections() -> None:
    text = "namespace A.B\nsection C\ntheorem t : p := sorry\nend C\ntheorem _root_.u : p := sorry\nend A.B\n"
    text += "@[simp] theorem v : p := sorry\n@[simp]\nprotected theorem w :\n  p :=\n  sorry\n"
    assert [hole.path for hole in source(text).holes] == ["A.B.t", "u", "v", "w"]
    assert [hole.line for hole in source(text).holes] == [3, 5, 7, 8]


def test_wrong_scripts_are_refused() -> None:
    text = "theorem t : p := sorry\n"
    with pytest.raises(ValueError, match="u: not a hole"):
        source(text).filled({"u": ["x"]})
    with pytest.raises(ValueError, match="2 scripts for 1 gaps"):
        source(text).filled({"t": ["x", "y"]})


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"theorem t : p := \xff", "is not UTF-8"), (b"\n/- open", "line 2: cannot be read: a comment without an end")],
)
def test_what_cannot_be_read_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(AssistantError, match=reason):
        Source(data)


def test_the_filled_file_compiles(lean: Path, tmp_path: Path) -> None:
    (tmp_path / "Filled.lean").write_bytes(source(FILE).filled(SCRIPTS))
    command = [lean, "--json", "Filled.lean"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert [json.loads(line) for line in done.stdout.splitlines()] == []


def test_every_gap_opens_and_takes_its_tactics(assistant: Lean) -> None:
    text = source(FILE)
    for hole in text.holes:
        for gap in range(len(hole.gaps)):
            session = assistant.open(text.theorem(hole, gap, SCRIPTS[hole.path][:gap]))
            assert len(session.root.goals) == 1, hole.path
            result = session.apply(session.root, SCRIPTS[hole.path][gap], 60)
            assert isinstance(result, Step), (hole.path, gap, result)
            assert session.finish(result.after) is None
            wrong = session.apply(session.root, "exact Nat.zero", 60)
            assert not isinstance(wrong, Step), (hole.path, gap)
            session.close()
