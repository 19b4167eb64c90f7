"""The gate: the one place where a Rocq proof becomes *proved*.

A list of named checks runs in order, each from source in a fresh process; the first one that says no ends it, one that
could not run has failed, and only a candidate that passed them all is accepted.
"""

from __future__ import annotations

import hashlib
import secrets
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from proofloom.assistants.gate.axioms import Allowance
from proofloom.assistants.gate.confinement import GateLimits
from proofloom.assistants.gate.refusals import Doubt, Refusal
from proofloom.assistants.gate.rocq.build import path_options
from proofloom.assistants.gate.rocq.case import Case
from proofloom.assistants.gate.rocq.checks import CHECKS
from proofloom.assistants.gate.rocq.edition import Edition, Workshop
from proofloom.assistants.gate.rocq.reading import Missing
from proofloom.assistants.rocq.project import FileSettings, is_identifier
from proofloom.assistants.rocq.sentences import SourceError
from proofloom.assistants.rocq.toolchain import RocqToolchain
from proofloom.proofs import CheckResult, Finding, Verdict

_REFERENCES = 8
_CANDIDATES = 2
# The rungs of the ladder of assurance above "looks done", each with the checks that reach it.
_LADDER = (("compile",), ("assumptions",), ("checker",), ("statement", "definitions", "commands", "settings"))


class RocqGate:
    """Checks candidate texts of Rocq files against reference texts.

    `axioms` are the bundles (see `axioms.BUNDLES`) and full paths that a proof may rest on beside what the reference
    rests on already.  Compiled references are kept, so that many candidates of one file cost one compilation of it;
    they lie in the temporary `folder`, which `close` removes.  One check runs at a time; threads wait for each other.
    """

    def __init__(
        self,
        toolchain: RocqToolchain,
        *,
        axioms: Sequence[str] = (),
        limits: GateLimits = GateLimits(),  # noqa: B008 (frozen)
        fresh_nonce: Callable[[], str] = lambda: secrets.token_hex(8),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._toolchain = toolchain
        self._allowance = Allowance(tuple(axioms))
        self._limits = limits
        self._clock = clock
        self._temporary = tempfile.TemporaryDirectory(prefix="proofloom-gate-")
        self.folder = Path(self._temporary.name).resolve()
        self._shop = Workshop(toolchain, limits, fresh_nonce, self.folder)
        self._references: OrderedDict[str, Edition] = OrderedDict()
        self._candidates: OrderedDict[str, Edition] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, reference: bytes, candidate: bytes, theorem: str, settings: FileSettings) -> Verdict:
        """The verdict on `theorem` (`t`, or `M.N.t` in modules) of the text `candidate` against the text `reference`.

        Raises `ValueError` for a theorem or a logical name that is no path of identifiers, `AssistantError` if no
        process can be started; everything else is a verdict.
        """
        for name in (theorem, settings.logical_name):
            if not all(map(is_identifier, name.split("."))):
                raise ValueError(f"{name!r}: wanted identifiers with dots between them")
        with self._lock:
            return self._check(reference, candidate, theorem, settings)

    def close(self) -> None:
        """Remove everything that was compiled; harmless twice."""
        self._temporary.cleanup()

    def _check(self, reference: bytes, candidate: bytes, theorem: str, settings: FileSettings) -> Verdict:
        started = self._clock()
        case = Case(
            reference=self._edition(self._references, _REFERENCES, reference, settings),
            candidate=self._edition(self._candidates, _CANDIDATES, candidate, settings),
            theorem=theorem,
            allowance=self._allowance,
            limits=self._limits,
        )
        results = dict.fromkeys((name for name, _ in CHECKS), CheckResult.NOT_RUN)
        finding, reason = Finding.ACCEPTED, ""
        for name, check in CHECKS:
            refusal = _refusal(check, case)
            if refusal is not None:
                results[name] = CheckResult.FAILED
                finding, reason = refusal.finding, f"{name}: {refusal.reason}"
                break
            results[name] = CheckResult.PASSED
        reason = "; ".join(filter(None, (reason, case.note)))
        runs = [*case.reference.runs, *case.candidate.runs]
        return Verdict(
            theorem=theorem,
            finding=finding,
            level=_level(results),
            reason=reason,
            checks=results,
            axioms=case.axioms,
            bundles=case.bundles,
            statement_digest=case.digest,
            tools={
                "compiler": f"{' '.join(self._toolchain.coqc)} ({self._toolchain.name})",
                "checker": f"{' '.join(self._toolchain.coqchk)} ({self._toolchain.name})",
            },
            limits=runs[-1].limits if runs else {},
            seconds=self._clock() - started,
            memory_mib=max((run.memory_mib for run in runs), default=0.0),
        )

    def _edition(self, kept: OrderedDict[str, Edition], most: int, text: bytes, settings: FileSettings) -> Edition:
        """The edition of `text`, made anew unless text, settings and the libraries on its path are those of before."""
        key = hashlib.sha256(repr((text, settings, _libraries(settings))).encode()).hexdigest()
        if key not in kept:
            kept[key] = Edition(text, settings, self._shop)
        kept.move_to_end(key)
        while len(kept) > most:
            kept.popitem(last=False)[1].discard()
        return kept[key]


def _refusal(check: Callable[[Case], None], case: Case) -> Refusal | None:
    """Run one check; whatever keeps it from an answer is a refusal too."""
    try:
        check(case)
    except Refusal as refusal:
        return refusal
    except Missing as missing:
        return Refusal(Finding.WRONG_STATEMENT, f"the candidate has no theorem {case.theorem}: {missing}")
    except (Doubt, SourceError) as doubt:
        return Refusal(Finding.NOT_CHECKED, str(doubt))
    except OSError as error:
        return Refusal(Finding.NOT_CHECKED, f"the gate cannot use its folder: {error}")
    return None


def _level(results: Mapping[str, CheckResult]) -> int:
    """How many rungs were reached without a gap."""
    for level, names in enumerate(_LADDER):
        if any(results.get(name, CheckResult.PASSED) is not CheckResult.PASSED for name in names):
            return level
    return len(_LADDER)


def _libraries(settings: FileSettings) -> tuple[tuple[str, int, int], ...]:
    """Name, size and time of every compiled file on the load path that the settings add."""
    folders = [option for option in path_options(settings) if Path(option).is_absolute()]
    found: list[tuple[str, int, int]] = []
    for file in sorted({file for folder in folders for file in Path(folder).rglob("*.vo")}):
        try:
            status = file.stat()
        except FileNotFoundError:
            continue  # it went away just now, and so it is not part of the load path
        found.append((str(file), status.st_size, status.st_mtime_ns))
    return tuple(found)
