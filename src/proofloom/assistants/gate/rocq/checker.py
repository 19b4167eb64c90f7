"""The independent checker: runs `coqchk -o` on one compiled file and reads its summary for that file.

Its exit status is half an answer, since it is 0 for a file with flags switched off; the summary names these.  The
installed library is trusted, so what the file loads is admitted (`-norec`) and only the file itself is checked again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from proofloom.assistants.gate.confinement import Ending, GateLimits, Run, run
from proofloom.assistants.gate.refusals import Doubt, Refusal
from proofloom.assistants.gate.rocq.build import Compiled, failure
from proofloom.assistants.rocq.toolchain import RocqToolchain
from proofloom.proofs import Finding

_FLAGS = {
    "Constants/Inductives relying on type-in-type": "checked without universes",
    "Constants/Inductives relying on unsafe (co)fixpoints": "checked without the guard condition",
    "Inductives whose positivity is assumed": "checked without positivity",
}
_THEORY = "Theory: Set is predicative"
_AXIOMS = "Axioms"
_SUMMARY = "\nCONTEXT SUMMARY\n===============\n"
_HEADING = re.compile(r"^\* ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Summary:
    """What the checker says of one file: `flags` maps each of its names that was not fully checked to the reason."""

    flags: dict[str, str]


def recheck(compiled: Compiled, toolchain: RocqToolchain, folder: Path, limits: GateLimits, runs: list[Run]) -> Summary:
    """Have the checker go through `compiled`; raises `Refusal` if it does not accept, `Doubt` if it is not understood.

    A process that met a limit is a refusal as well; the process is added to `runs`.
    """
    command = [*toolchain.coqchk, "-o", *(option for option in _paths(compiled)), "-norec", compiled.name]
    if "-indices-matter" in compiled.settings.options:
        command.insert(1, "-indices-matter")
    done = run(command, folder, limits)
    runs.append(done)
    if done.ending is not Ending.EXIT:
        raise failure(done, "the checker did not end well")
    printed = f"{done.out}\n{done.error}"  # 8.16 prints its messages on the error stream
    if not done.good:
        raise Refusal(Finding.CHECKER_REFUSED, _complaint(printed))
    if f"[intern {compiled.object} ..." not in printed or f"Checking library: {compiled.name}\n" not in printed:
        raise Doubt(f"the checker did not say that it checked {compiled.object}")
    return Summary(flags_of(printed, compiled.name))


def _paths(compiled: Compiled) -> tuple[str, ...]:
    """The load path without `-I`, which the checker does not know."""
    options = iter(compiled.paths)
    kept: list[str] = []
    for option in options:
        if option == "-I":
            next(options)
        else:
            kept += [option, next(options), next(options)]
    return tuple(kept)


def _complaint(printed: str) -> str:
    """Where the checker stopped and why, in one line."""
    before, mark, after = printed.partition("Error:")
    at = re.findall(r"checking (?:cst|inductive|mind|module):? ?(\S+)", before)
    words = " ".join((after if mark else printed[-300:]).split())[:300]
    return f"the checker refuses{' ' + at[-1] if at else ''}: {words}"


def flags_of(out: str, name: str) -> dict[str, str]:
    """The names of the file `name` under the headings of the summary that tell of a check left out."""
    accepted, _, summary = out.rpartition(_SUMMARY)
    if not accepted.rstrip().endswith("Modules were successfully checked"):
        raise Doubt("the checker printed no summary after its verdict")
    found: dict[str, str] = {}
    seen: set[str] = set()
    for part in _HEADING.split(summary)[1:]:
        first, *rest = part.strip().splitlines()
        heading, _, after = first.partition(":")
        if first == _THEORY and not rest:
            seen.add(_THEORY)
        elif heading in (*_FLAGS, _AXIOMS) and after.strip() in ("", "<none>"):
            seen.add(heading)
            names = (line.strip() for line in rest)
            found |= {item: _FLAGS[heading] for item in names if heading in _FLAGS and item.startswith(f"{name}.")}
        else:
            raise Doubt(f"the checker's summary says {first!r}")
    if seen != {_THEORY, _AXIOMS, *_FLAGS}:
        raise Doubt(f"the checker's summary lacks {sorted({_THEORY, _AXIOMS, *_FLAGS} - seen)}")
    return found
