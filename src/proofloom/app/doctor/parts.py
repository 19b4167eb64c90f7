"""What `doctor` looks for, one record each, and the two trials of every assistant: a search and a check."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from proofloom.app.languages import Gate
from proofloom.assistants.session import Assistant, AssistantError
from proofloom.proofs import Step, Theorem

_REPORT = "this installation and Proofloom do not fit together; please report it with the line above"


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that is looked for: whether it works, what was seen, what it is for, the command that installs it.

    Without a `needed` part nothing can be proved.
    """

    name: str
    works: bool
    seen: str
    purpose: str
    install: str
    needed: bool = False

    def as_json(self) -> dict[str, Any]:
        """A JSON object with the fields of the record."""
        return {
            "name": self.name,
            "works": self.works,
            "seen": self.seen,
            "purpose": self.purpose,
            "install": self.install,
            "needed": self.needed,
        }

    def told(self) -> str:
        """One line for people, and a second one where something can be done."""
        mark = "ok     " if self.works else "MISSING" if self.needed else "without"
        line = f"{mark}  {self.name:<11} {self.seen}"
        if self.works:
            return line
        what = f"it {self.purpose}; {self.install}" if self.needed else f"for {self.purpose}: {self.install}"
        return f"{line}\n         {'':<11} {what}"


@dataclass(frozen=True, slots=True)
class Trial:
    """A small theorem with a tactic that proves it, and two files: the theorem left open, and proved.

    `settings` are those of the files, `install` is what to do if the assistant does not work at all.
    """

    theorem: Theorem
    tactic: str
    reference: bytes
    candidate: bytes
    settings: Any
    install: str
    needed: bool


def search_part(
    name: str, trial: Trial, opening: Callable[[], AbstractContextManager[Assistant]], purpose: str
) -> Part:
    """Whether a session proves the theorem."""
    try:
        with opening() as assistant:
            session = assistant.open(trial.theorem)
            result = session.apply(session.root, trial.tactic, 10.0)
            closed = isinstance(result, Step) and session.finish(result.after) is None
            session.close()
    except AssistantError as error:
        return Part(name, False, str(error), purpose, trial.install, trial.needed)
    seen = "proved a trial lemma" if closed else f"did not prove a trial lemma: {result}"
    return Part(name, closed, seen, purpose, "" if closed else trial.install, trial.needed)


def gate_part(name: str, trial: Trial, gate: Gate, purpose: str) -> Part:
    """Whether the gate accepts the proof, and refuses one that is missing."""
    try:
        good, bad = (
            gate.check(trial.reference, candidate, trial.theorem.name, trial.settings)
            for candidate in (trial.candidate, trial.reference)
        )
    except AssistantError as error:
        return Part(name, False, str(error), purpose, trial.install, trial.needed)
    if good.accepted and not bad.accepted:
        seen = f"accepted a trial proof at level {good.level}, refused one that is missing"
        return Part(name, True, seen, purpose, "", trial.needed)
    if good.unfinished and not bad.accepted:
        return Part(name, False, f"stops at level {good.level}: {good.reason}", purpose, trial.install, trial.needed)
    wrong = f"refused a good proof: {good.reason}" if not good.accepted else "accepted a missing proof"
    return Part(name, False, wrong, purpose, _REPORT, trial.needed)
