"""The gate for Lean: a candidate file is compiled afresh and asked from outside, against a reference that we hold.

Checks run in order; the first that says no ends it.  The kernel replay needs `leanchecker`, which comes with Lean since
4.28; where it is missing the answer is `not_checked`, whatever else was found, and never an accepted proof.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from proofloom.assistants.gate.confinement import GateLimits
from proofloom.assistants.gate.lean.contents import Foundations, contents, redefined
from proofloom.assistants.gate.lean.probe import EXPLICIT, MODULE, Edition, Shop, axioms_in, is_name, quoted
from proofloom.assistants.gate.lean.statement import closure, printed
from proofloom.assistants.gate.lean.witnesses import NotRun, Witnesses
from proofloom.assistants.gate.lean.words import FORBIDDEN, words
from proofloom.assistants.gate.refusals import Doubt, Refusal
from proofloom.assistants.lean.text.lexing import LexingError
from proofloom.assistants.lean.toolchain import CHECKER_MISSING, LeanSettings, LeanToolchain
from proofloom.proofs import CheckResult, Finding, Verdict

AXIOMS = ("propext", "Quot.sound", "Classical.choice")
"""What a proof may rest on; compared by full name, and their statements with those of the imported library."""
LIMITS = GateLimits(memory_mib=16384)
"""Lean maps compiled libraries and reserves stacks, so its address space is much larger than its memory."""
_LADDER = (("compile",), ("assumptions", "contents"), ("checker",), ("statement", "commands"))


@dataclass
class _Case:
    reference: Edition
    candidate: Edition
    theorem: str
    axioms: tuple[str, ...] = ()
    digest: str = ""


class LeanGate:
    """Checks candidate texts of Lean files against reference texts, levels 1 to 4 of the ladder of assurance.

    `axioms` are full names that a proof may rest on beside the three of Lean.  `forbidden` are the words of the first
    filter.  `checker` is the program that replays a compiled file in the kernel (None for that of the toolchain).
    `witnesses` are checkers by others; they are asked where they are installed, and their no is a no.
    """

    def __init__(
        self,
        toolchain: LeanToolchain,
        *,
        axioms: Sequence[str] = (),
        limits: GateLimits = LIMITS,
        forbidden: frozenset[str] = FORBIDDEN,
        checker: str | None = None,
        witnesses: Witnesses | None = None,
        fresh_nonce: Callable[[], str] = lambda: secrets.token_hex(8),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._toolchain = toolchain
        self._allowed = frozenset((*AXIOMS, *axioms))
        self._foundations = Foundations(frozenset(map(quoted, self._allowed)))
        self._limits = limits
        self._forbidden = forbidden
        self._checker = checker or toolchain.checker
        self._witnesses = witnesses or Witnesses.find()
        self._fresh_nonce = fresh_nonce
        self._clock = clock
        self._temporary = tempfile.TemporaryDirectory(prefix="proofloom-gate-")
        self._folder = Path(self._temporary.name).resolve()
        self._count = 0
        self._lock = threading.Lock()

    def check(self, reference: bytes, candidate: bytes, theorem: str, settings: LeanSettings) -> Verdict:
        """The verdict on `theorem` (its full name) of the text `candidate` against the text `reference`.

        Raises `ValueError` for a theorem that is no name, `AssistantError` if no process can be started.
        """
        if not is_name(theorem):
            raise ValueError(f"{theorem!r}: wanted names with dots between them")
        with self._lock:
            return self._check(reference, candidate, theorem, settings)

    def close(self) -> None:
        """Remove everything that was compiled; harmless twice."""
        self._temporary.cleanup()

    def _check(self, reference: bytes, candidate: bytes, theorem: str, settings: LeanSettings) -> Verdict:
        started = self._clock()
        shop = Shop(self._toolchain, self._limits, settings)
        self._count += 1
        folder = self._folder / str(self._count)
        checks: tuple[tuple[str, Callable[[_Case], None]], ...] = (
            ("commands", self._commands),
            ("compile", self._compile),
            ("assumptions", self._assumptions),
            ("statement", self._statement),
            ("contents", self._contents),
            ("checker", self._replay),
            ("safeverify", self._safeverify),
            ("comparator", self._comparator),
        )
        results = dict.fromkeys((name for name, _ in checks), CheckResult.NOT_RUN)
        finding, reason = Finding.ACCEPTED, ""
        case: _Case | None = None
        try:
            texts = [data.decode("utf-8").replace("\r\n", "\n") for data in (reference, candidate)]
        except UnicodeDecodeError as error:
            finding, reason = Finding.NOT_CHECKED, f"not UTF-8 text: {error.reason}"
        else:
            reference_edition, candidate_edition = (
                Edition(text, folder / name, shop) for text, name in zip(texts, "rc", strict=True)
            )
            case = _Case(reference_edition, candidate_edition, theorem)
            for name, check in checks:
                try:
                    refusal = _refusal(check, case)
                except NotRun:
                    continue
                if refusal is not None:
                    not_run = refusal.finding is Finding.NOT_CHECKED and name == "checker"
                    results[name] = CheckResult.NOT_RUN if not_run else CheckResult.FAILED
                    finding, reason = refusal.finding, f"{name}: {refusal.reason}"
                    break
                results[name] = CheckResult.PASSED
        runs = [] if case is None else [*case.reference.runs, *case.candidate.runs]
        shutil.rmtree(folder, ignore_errors=True)
        return Verdict(
            theorem=theorem,
            finding=finding,
            level=_level(results),
            reason=reason,
            checks=results,
            axioms=() if case is None else case.axioms,
            statement_digest="" if case is None else case.digest,
            tools={
                "compiler": f"{self._toolchain.lean} ({self._toolchain.name})",
                "checker": self._checker or "none",
                **self._witnesses.named,
            },
            limits=runs[-1].limits if runs else {},
            seconds=self._clock() - started,
            memory_mib=max((one.memory_mib for one in runs), default=0.0),
        )

    def _commands(self, case: _Case) -> None:
        """The candidate imports what the reference imports, and has no more of the forbidden words."""
        if case.reference.imports != case.candidate.imports:
            raise Refusal(Finding.FORBIDDEN_COMMAND, "the candidate imports other modules than the reference")
        reference, candidate = (words(edition.text) for edition in (case.reference, case.candidate))
        more = sorted(word for word in self._forbidden if candidate[word] > reference[word])
        if more:
            raise Refusal(Finding.FORBIDDEN_COMMAND, f"the candidate has {more[0]}, which the reference has not")

    def _compile(self, case: _Case) -> None:
        try:
            case.reference.compile()
        except Refusal as refusal:
            raise Refusal(Finding.NOT_CHECKED, f"the reference: {refusal.reason}") from refusal
        case.candidate.compile()

    def _assumptions(self, case: _Case) -> None:
        """What the theorem rests on, by full names, asked from a file that also asks about an axiom of its own."""
        nonce = self._fresh_nonce()
        control = f"proofloom_{nonce}"
        questions = (
            f"axiom {control} : ∀ p : Prop, p",
            f"theorem {control}' : ∀ p : Prop, p := {control}",
        )
        asked = (f"#print axioms {control}'", f"#print axioms {case.theorem}")
        said = case.candidate.ask((" ".join((*questions, asked[0])), asked[1]))
        if said[0] is None or axioms_in(said[0], f"{control}'") != (control,):
            raise Doubt("a question about an axiom of our own was not answered truly")
        if said[1] is None:
            raise Refusal(Finding.WRONG_STATEMENT, f"the candidate has no theorem {case.theorem}")
        case.axioms = axioms_in(said[1], case.theorem)
        if "sorryAx" in case.axioms:
            raise Refusal(Finding.INCOMPLETE, "the proof rests on sorryAx: something is left open")
        foreign = [name for name in case.axioms if name not in self._allowed]
        if foreign:
            raise Refusal(Finding.FORBIDDEN_AXIOM, f"the proof rests on {', '.join(foreign)}")
        if case.axioms:
            stated = tuple(f"#check @{quoted(name)}" for name in case.axioms)
            ours, theirs = (case.candidate.ask(stated, EXPLICIT, alone=alone) for alone in (True, False))
            for name, own, other in zip(case.axioms, ours, theirs, strict=True):
                if own is None or own != other:
                    raise Refusal(Finding.FORBIDDEN_AXIOM, f"{name} is not the axiom of the library")

    def _statement(self, case: _Case) -> None:
        """The statement and every definition of the file under it are the same, printed with nothing left out."""
        said = closure(case.reference, case.theorem)
        found = printed(case.candidate, list(said))
        case.digest = hashlib.sha256(json.dumps(sorted(said.items())).encode()).hexdigest()
        for name, text in said.items():
            if found[name] != text:
                what = "states something else" if name == case.theorem else f"means another thing by {name}"
                raise Refusal(Finding.WRONG_STATEMENT, f"the candidate {what}")

    def _contents(self, case: _Case) -> None:
        """Axioms and statement again, read in the compiled files, where a candidate's own syntax has no say."""
        theorem = quoted(case.theorem)
        reference, candidate = (contents(one.library, (MODULE,)) for one in (case.reference, case.candidate))
        for edition, declarations in (("reference", reference), ("candidate", candidate)):
            if theorem not in declarations:
                raise Doubt(f"the compiled {edition} has no {case.theorem}, though Lean says so")
        wanted, given = reference.meaning(theorem), candidate.meaning(theorem)
        for name in sorted(wanted.keys() | given.keys(), key=lambda name: name != theorem):
            if wanted.get(name) != given.get(name):
                what = "states something else" if name == theorem else f"means another thing by {name}"
                raise Refusal(Finding.WRONG_STATEMENT, f"the compiled candidate {what}")
        if own := redefined(reference, candidate):
            raise Refusal(Finding.FORBIDDEN_AXIOM, f"the candidate declares {own}, to which the kernel gives a meaning")
        foreign = self._foundations.axioms(case.candidate, candidate, theorem, self._fresh_nonce())
        if quoted("sorryAx") in foreign:
            raise Refusal(Finding.INCOMPLETE, "the compiled proof rests on sorryAx: something is left open")
        if foreign:
            raise Refusal(Finding.FORBIDDEN_AXIOM, f"the compiled proof rests on {', '.join(foreign)}")

    def _replay(self, case: _Case) -> None:
        if self._checker is None:
            raise Refusal(Finding.NOT_CHECKED, CHECKER_MISSING)
        place = case.candidate.folder / "replay"
        done = case.candidate.shop.program(self._checker, place, (case.candidate.library,), MODULE)
        case.candidate.runs.append(done)
        if not done.good:
            reason = " ".join((done.error + done.out).split())[:300] or f"exit status {done.status}"
            raise Refusal(Finding.CHECKER_REFUSED, reason)

    def _safeverify(self, case: _Case) -> None:
        self._witnesses.safeverify(case.reference, case.candidate, case.axioms)

    def _comparator(self, case: _Case) -> None:
        self._witnesses.comparator(case.reference, case.candidate, case.theorem, self._allowed)


def _refusal(check: Callable[[_Case], None], case: _Case) -> Refusal | None:
    """Run one check; whatever keeps it from an answer is a refusal too."""
    try:
        check(case)
        for edition in (case.reference, case.candidate):
            edition.require_unchanged()
    except Refusal as refusal:
        return refusal
    except (Doubt, LexingError) as doubt:
        return Refusal(Finding.NOT_CHECKED, str(doubt))
    except OSError as error:
        return Refusal(Finding.NOT_CHECKED, f"the gate cannot use its folder: {error}")
    return None


def _level(results: Mapping[str, CheckResult]) -> int:
    """How many rungs were reached without a gap."""
    for level, names in enumerate(_LADDER):
        if any(results[name] is not CheckResult.PASSED for name in names):
            return level
    return len(_LADDER)
