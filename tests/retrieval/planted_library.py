"""A small library with something planted where it must not be found: later, not imported, in another commit."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date
from pathlib import Path

from proofloom.corpus.library import Library
from proofloom.corpus.records import Premise, Repository, TracedFile, TracedStep, TracedTheorem
from proofloom.proofs import Theorem

OLD = Repository("https://example.org/lib", "a1", "rocq", "8.16.1", date(2026, 11, 1))
NEW = replace(OLD, commit="b2", traced_on=date(2026, 11, 2))

BEFORE = """From L Require Import Base.
Lemma early : forall n : nat, n + 0 = n.
Proof. auto_early. Qed.
"""
STATEMENT = "Lemma wanted : forall n : nat, n + 0 = n."
AFTER = "Lemma late : forall n : nat, n + 0 = n."
GOAL = "n : nat\n⊢ n + 0 = n"


def theorem(full_name: str, start: int, statement: str = "") -> TracedTheorem:
    """A lemma with one step, whose tactic is the lemma's name with `auto_` before it."""
    name = full_name.rpartition(".")[2]
    statement = statement or f"Lemma {name} : forall n : nat, n + 0 = n."
    steps = (TracedStep(GOAL, f"auto_{name}", "no goals"),)
    return TracedTheorem(full_name, statement, "Lemma", start, 1, "Qed.", False, 1, steps)


def file(name: str, theorems: list[TracedTheorem], imports: tuple[str, ...] = (), salt: str = "") -> TracedFile:
    """A file whose premises are its theorems."""
    premises = tuple(Premise(one.full_name, one.statement, one.kind, one.start) for one in theorems)
    digest = hashlib.sha256(repr((name, theorems, salt)).encode()).hexdigest()
    return TracedFile(name, f"{name.rpartition('.')[2]}.v", digest, imports, tuple(theorems), premises)


def planted_files() -> list[TracedFile]:
    """`L.Own` imports `L.Base`, which imports `L.Deep`; `L.User` imports `L.Own`, and nobody imports `L.Alone`."""
    place = BEFORE.index("Lemma early")
    start = len(BEFORE.encode())
    own = [
        theorem("L.Own.early", place),
        theorem("L.Own.wanted", start),
        theorem("L.Own.late", start + len(STATEMENT) + 1),
    ]
    return [
        file("Coq.Init.Prelude", [theorem("Coq.Init.Prelude.first", 0)]),
        file("L.Deep", [theorem("L.Deep.deep", 0)]),
        file("L.Base", [theorem("L.Base.base", 0)], ("L.Deep",)),
        file("L.Alone", [theorem("L.Alone.alone", 0)]),
        file("L.Own", own, ("L.Base",)),
        file("L.User", [theorem("L.User.user", 0)], ("L.Own",)),
    ]


USABLE = {"first", "deep", "base", "early"}


def planted(place: Path) -> Library:
    """The library, at an old commit and at a new one."""
    library = Library.open(place / "library.sqlite")
    for repository in (OLD, NEW):
        for each in planted_files():
            library.add_file(repository, each)
    return library


def wanted(before: str = BEFORE, file: Path | None = Path("Own.v"), name: str = "wanted") -> Theorem:
    """The theorem of `L.Own` that is to be proved."""
    return Theorem(name, STATEMENT, before, file=file, path=name)


def logical_name(file: Path) -> str:
    """`L.Own` for `Own.v`."""
    return f"L.{file.stem}"
