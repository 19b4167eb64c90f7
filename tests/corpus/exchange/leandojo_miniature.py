"""A miniature of LeanDojo Benchmark 4, generated: the same files, fields and habits, a handful of theorems."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Json = dict[str, Any]
URL, COMMIT = "https://github.com/leanprover-community/mathlib4", "29dcec074de168ac2bf835a77ef68bbe069194c5"
BASIC, ORDER, PACKAGE = "Mathlib/Logic/Basic.lean", "Mathlib/Order/Basic.lean", ".lake/packages/std/Std/Data/Nat.lean"


def tactic(text: str, before: str, after: str, *names: str) -> Json:
    """A traced tactic that names these premises."""
    marks = [{"full_name": name, "def_path": PACKAGE, "def_pos": [3, 9], "def_end_pos": [3, 15]} for name in names]
    return {"tactic": text, "annotated_tactic": [f"<a>{text}</a>", marks], "state_before": before, "state_after": after}


def theorem(path: str, name: str, line: int, tactics: list[Json], **more: object) -> Json:
    """A theorem record."""
    place = {"start": [line, 1], "end": [line + 2, 17]}
    named = {"url": URL, "commit": COMMIT, "file_path": path, "full_name": name, **place}
    return {**named, "traced_tactics": tactics, **more}


def premise(name: str | None, line: int, code: str) -> Json:
    """A premise of the corpus."""
    return {"full_name": name, "code": code, "start": [line, 1], "end": [line + 1, 30], "kind": "commanddeclaration"}


CORPUS: list[Json] = [
    {"path": PACKAGE, "imports": [], "premises": [premise("Nat.zero_add", 3, "theorem zero_add (n : ℕ) : 0 + n = n")]},
    {
        "path": BASIC,
        "imports": [PACKAGE],
        "premises": [
            premise("and_swap", 10, "theorem and_swap : a ∧ b → b ∧ a"),
            premise(None, 15, "instance : Foo"),
            premise("late", 90, "theorem late : True"),
        ],
        "loaded_by": "test",
    },
    {"path": ORDER, "imports": [BASIC], "premises": [premise("le_rfl'", 5, "theorem le_rfl' : a ≤ a")]},
]
THEOREMS: list[Json] = [
    theorem(PACKAGE, "Nat.zero_add", 3, [], difficulty="none"),
    theorem(BASIC, "and_swap", 10, [
        tactic("intro h", "a b : Prop\n⊢ a ∧ b → b ∧ a", "a b : Prop\nh : a ∧ b\n⊢ b ∧ a"),
        tactic("exact And.comm.mp h", "a b : Prop\nh : a ∧ b\n⊢ b ∧ a", "no goals", "And.comm", "Iff.mp"),
    ]),
    theorem(BASIC, "late", 90, [tactic("sorry", "⊢ True", "no goals")]),
    theorem(ORDER, "le_rfl'", 5, [tactic("simp [and_swap]", "⊢ a ≤ a", "no goals", "and_swap")]),
    theorem(ORDER, "Order.le_other", 40, [tactic("rfl", "⊢ c ≤ c", "no goals")], theorem_statement="theorem x : c ≤ c"),
]  # fmt: skip
METADATA: Json = {
    "creation_time": "2024-10-29 07:34:51.241593",
    "from_repo": {"url": URL, "commit": COMMIT},
    "leandojo_version": "2.1.3",
}
SPLITS = {
    "random": {"train": [4, 1, 0], "val": [2], "test": [3]},
    "novel_premises": {"train": [0, 2, 4], "val": [1], "test": [3]},
}


def write(folder: Path) -> Path:
    """The miniature in `folder`."""
    folder.mkdir(parents=True)
    (folder / "corpus.jsonl").write_text("".join(json.dumps(line) + "\n" for line in CORPUS), "utf-8")
    (folder / "metadata.json").write_text(json.dumps(METADATA), "utf-8")
    (folder / "licenses").mkdir()
    for split, parts in SPLITS.items():
        (folder / split).mkdir()
        for part, numbers in parts.items():
            records = [THEOREMS[number] for number in numbers]
            (folder / split / f"{part}.json").write_text(json.dumps(records, ensure_ascii=False), "utf-8")
    return folder
