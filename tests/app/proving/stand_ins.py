"""A gate, a policy and an assistant of a toy game, for tests of what stands around them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from proofloom.app.proving.inputs import InputFile
from proofloom.app.proving.prover import Prover, Scripts
from proofloom.app.proving.results import Result
from proofloom.app.proving.settings import ProveSettings
from proofloom.assistants.doubles.fake import FakeAssistant
from proofloom.assistants.rocq.project import FileSettings
from proofloom.assistants.rocq.source import Source
from proofloom.policies.policy import Query
from proofloom.proofs import Candidate, CheckResult, Finding, Verdict

RULES = {
    "Lemma a : A.": {"easy": []},
    "Lemma b : B.": {"by a": [], "split": ["B1", "B2"]},
    "B1": {"one": []},
    "B2": {"two": []},
    "Lemma c : C.": {"loop": ["Lemma c : C."]},
}
"""Statements of the toy game are goals as they stand."""

FILE = b"(* toy *)\nLemma a : A.\nProof.\nAdmitted.\n\nLemma b : B.\nProof.\nAdmitted.\n\nLemma c : C.\nAdmitted.\n"


class TacticsOf:
    """Proposes every tactic of the game in every state."""

    name = "toy"

    def suggest(self, queries: Sequence[Query], n: int) -> list[list[Candidate]]:
        tactics = [tactic for moves in RULES.values() for tactic in moves]
        return [[Candidate(tactic, -1.0 - i) for i, tactic in enumerate(tactics)][:n] for _ in queries]


class StandInGate:
    """Accepts a theorem whose proof ends in `Qed.`, unless `refuse` gives a finding for it.

    A text with `by a` rests on lemma `a`, and is incomplete while that one is admitted.  `asked` lists every question.
    """

    def __init__(self, refuse: Callable[[str, bytes], Finding | None] | None = None) -> None:
        self._refuse = refuse or (lambda theorem, candidate: None)
        self.asked: list[tuple[str, bytes]] = []

    def check(self, reference: bytes, candidate: bytes, theorem: str, settings: FileSettings) -> Verdict:
        self.asked.append((theorem, candidate))
        finding = self._refuse(theorem, candidate) or self._honest(candidate, theorem)
        level = 4 if finding is Finding.ACCEPTED else 1
        return Verdict(theorem, finding, level, f"stand-in: {finding}", {"all": CheckResult.PASSED})

    def close(self) -> None:
        """Nothing is kept."""

    def _honest(self, candidate: bytes, theorem: str) -> Finding:
        holes = {hole.name for hole in Source(candidate).holes}
        needs_a = b"by a" in candidate and theorem == "b"
        return Finding.INCOMPLETE if theorem in holes or (needs_a and "a" in holes) else Finding.ACCEPTED


def input_file(path: Path, data: bytes = FILE, *, wanted: str | None = None, sentence: str = "") -> InputFile:
    path.write_bytes(data)
    source = Source.read(path)
    holes = tuple(hole for hole in source.holes if wanted in (None, hole.name))
    return InputFile(path, Path(path.name), source, FileSettings(path.stem), holes, sentence)


@contextmanager
def toy_prover(
    settings: ProveSettings, gate: StandInGate, found: Mapping[Path, Mapping[str, Scripts]] | None = None
) -> Iterator[Prover]:
    yield Prover(settings, FakeAssistant(RULES), gate, TacticsOf(), found=found)


class Silent:
    """A watcher that only remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def started(self, file: InputFile, theorem: str) -> None:
        self.lines.append(f"start {theorem}")

    def ended(self, result: Result) -> None:
        self.lines.append(f"{result.theorem} {result.outcome}")

    def checking(self, file: InputFile, theorems: int) -> None:
        self.lines.append(f"check {theorems}")
