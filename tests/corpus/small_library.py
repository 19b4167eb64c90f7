"""Small libraries for tests: files written in one line, and random ones."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date

from hypothesis import strategies as st

from proofloom.corpus.records import Premise, Repository, TracedFile, TracedStep, TracedTheorem
from proofloom.proofs import Attempt, CheckResult, Finding, Outcome, Spend, Verdict

DAY = date(2026, 11, 1)
OLD = Repository("https://example.org/lib", "a1", "rocq", "8.16.1", DAY)
NEW = Repository("https://example.org/lib", "b2", "rocq", "8.16.1", date(2026, 11, 2))


def step(before: str, tactic: str = "auto", after: str = "no goals", premises: Sequence[str] = ()) -> TracedStep:
    """A step between states given as texts."""
    return TracedStep(before, tactic, after, tuple(premises))


def theorem(
    full_name: str,
    statement: str = "",
    steps: Sequence[TracedStep] = (),
    *,
    start: int = 0,
    admitted: bool = False,
) -> TracedTheorem:
    """A lemma; without a statement it gets one of its own."""
    name = full_name.rpartition(".")[2]
    text = f"Lemma {name} : {statement or 'P_' + full_name.replace('.', '_')}."
    ending = "Admitted." if admitted else "Qed."
    return TracedTheorem(full_name, text, "Lemma", start, start + 1, ending, admitted, len(steps), tuple(steps))


def file(
    logical_name: str,
    theorems: Sequence[TracedTheorem] = (),
    *,
    imports: Sequence[str] = (),
    premises: Sequence[Premise] | None = None,
    salt: str = "",
) -> TracedFile:
    """A file; its premises are its theorems unless others are given."""
    if premises is None:
        premises = [Premise(t.full_name, t.statement, t.kind, t.start) for t in theorems]
    digest = hashlib.sha256(repr((logical_name, theorems, imports, salt)).encode()).hexdigest()
    path = "/".join(logical_name.split(".")[1:]) + ".v"
    return TracedFile(logical_name, path, digest, tuple(imports), tuple(theorems), tuple(premises))


def proved(name: str, script: str = "auto.", outcome: Outcome = Outcome.PROVED) -> Attempt:
    """An attempt with an accepting verdict."""
    verdict = Verdict(name, Finding.ACCEPTED, 4, "accepted", {"compiles": CheckResult.PASSED})
    return Attempt(name, outcome, Spend(), (script,), verdict, "", (script,))


_NAMES = st.text("abcxyz'_\u03b1\u22a2", min_size=1, max_size=6)
_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60)
_STEPS = st.builds(
    TracedStep,
    state_before=_TEXTS,
    tactic=_TEXTS,
    state_after=_TEXTS,
    premises=st.lists(_NAMES, max_size=4, unique=True).map(tuple),
    cut=st.booleans(),
    goals=st.integers(1, 9),
    extra=st.sampled_from(["", '{"a": 1}']),
)
_THEOREMS = st.builds(
    TracedTheorem,
    full_name=_NAMES,
    statement=_TEXTS,
    kind=st.sampled_from(["Lemma", "Instance"]),
    start=st.integers(0, 10**9),
    line=st.integers(1, 10**6),
    ending=st.sampled_from(["Qed.", "Admitted.", ""]),
    admitted=st.booleans(),
    human_tactics=st.integers(0, 100),
    steps=st.lists(_STEPS, max_size=4).map(tuple),
    extra=st.sampled_from(["", '{"b": [1, 2]}']),
)
_PREMISES = st.builds(
    Premise,
    full_name=_NAMES,
    statement=_TEXTS,
    kind=st.sampled_from(["Lemma", "Constructor"]),
    start=st.integers(0, 10**9),
    extra=st.sampled_from(["", '{"c": null}']),
)
FILES = st.builds(
    TracedFile,
    logical_name=_NAMES,
    path=_NAMES.map(lambda name: f"theories/{name}.v"),
    digest=st.integers(0, 10**20).map(lambda number: f"{number:064x}"),
    imports=st.lists(_NAMES, max_size=3, unique=True).map(tuple),
    theorems=st.lists(_THEOREMS, max_size=4).map(tuple),
    premises=st.lists(_PREMISES, max_size=5).map(tuple),
    extra=st.sampled_from(["", '{"d": "e"}']),
)
"""Any file at all: odd names, empty texts, repeated goals, characters from everywhere."""
