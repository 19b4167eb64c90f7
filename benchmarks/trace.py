"""Traces standard library files and says how fast, beside `coqc` compiling the same files in the same run.

The funnel from sentences to steps is checked against an independent count: every proof that the sources hold must be in
the database.  CPU seconds are those of all processes of a trace: Rocq's, the compiler's for what the library does not
ship (names), and our own.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

from proofloom.assistants.executor import Done, LocalProcesses
from proofloom.assistants.rocq.outline import outline
from proofloom.assistants.rocq.project import settings_for
from proofloom.assistants.rocq.sentences import split
from proofloom.assistants.rocq.toolchain import RocqToolchain, find_toolchain
from proofloom.assistants.rocq.vernacular import Role
from proofloom.corpus.library import Library
from proofloom.corpus.rocq.compile import compiled_globals
from proofloom.corpus.rocq.targets import STANDARD, find_target
from proofloom.corpus.rocq.trace import open_rocq_tracer
from proofloom.corpus.trace import Progress, TraceReport, funnel, trace
from proofloom.corpus.tracer import SourceFile, Target, TraceLimits
from proofloom.evaluation.measuring.figures import Figures, arguments

QUICK = (
    "theories/Bool/Bool.v",
    "theories/Arith/PeanoNat.v",
    "theories/Sorting/Permutation.v",
    "theories/Lists/SetoidList.v",
)
TWELVE = (
    "Arith", "Lists", "Logic", "Bool", "ZArith", "NArith", "PArith", "Structures", "Sets", "Relations", "Sorting",
    "Reals",
)  # fmt: skip
PROOFS, STEPS = 12_732, 127_875
"""Of all the standard library of Rocq 8.16.1, counted by two programs that have nothing in common with the tracer."""


class Sayer:
    """Says what fails, and every so often how far the trace is."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def started(self, path: str) -> None:
        """Nothing."""

    def ended(self, progress: Progress) -> None:
        """A line for each failure and each twentieth file."""
        if progress.failure is not None:
            self._figures.say(f"failed: {progress.failure.text}")
        elif progress.done % 20 == 0:
            self._figures.say(f"  {progress.done}/{progress.files} files")


@contextmanager
def compiler(toolchain: RocqToolchain) -> Iterator[Callable[[SourceFile], float]]:
    """What a worker process needs to compile files."""
    yield partial(compile_seconds, toolchain)


def compile_seconds(toolchain: RocqToolchain, file: SourceFile) -> float:
    """CPU seconds of `coqc` on one file."""
    data = file.file.read_bytes()
    return compiled_globals(data, tuple(split(data)), settings_for(file.file, toolchain), toolchain, 900.0)[1]


def compiled(target: Target, toolchain: RocqToolchain, jobs: int) -> float:
    """CPU seconds of `coqc` on all files."""
    total = 0.0
    with closing(LocalProcesses(jobs).map(partial(compiler, toolchain), target.files)) as events:
        for event in events:
            if isinstance(event, Done):
                total += event.value
    return total


def proofs_in(files: Sequence[SourceFile]) -> int:
    """The proofs that the sources hold, those that are given up left out."""
    roles = [record.role for file in files for record in outline(split(file.file.read_bytes()))]
    return sum(role not in (None, Role.ABORTS, Role.GIVES_UP) for role in roles)


def chosen(target: Target, quick: bool, everything: bool) -> Target:
    """The files to be traced."""
    if quick:
        return replace(target, files=tuple(file for file in target.files if file.path in QUICK))
    if everything:
        return target
    return replace(target, files=tuple(f for f in target.files if f.path.split("/")[1] in TWELVE))


def main() -> None:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="the whole library instead of its twelve usual folders")
    parser.add_argument("--jobs", type=int, default=2, help="files traced at the same time (default 2)")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="keep the library here, for other measurements")
    options = parser.parse_args()
    if options.keep is not None and options.keep.exists():
        parser.error(f"--keep {options.keep}: is there already, and a trace would skip what it holds")
    figures = Figures("trace", quiet=options.json)
    toolchain = find_toolchain()
    target = chosen(find_target(STANDARD, toolchain, date.today()), options.quick, options.all)
    with tempfile.TemporaryDirectory(prefix="proofloom-trace-") as folder:
        place = options.keep or Path(folder) / "library.sqlite"
        report = TraceReport()
        with Library.open(place) as library:
            begun = time.monotonic()
            watcher = Sayer(figures)
            tracer = partial(open_rocq_tracer, toolchain, TraceLimits())
            trace(target, library, LocalProcesses(options.jobs), tracer, watcher, time.monotonic, report)
            seconds = time.monotonic() - begun
            counts = funnel(library, target.repository)
        size = place.stat().st_size
    coqc = compiled(target, toolchain, options.jobs)
    tally = report.tally
    cpu = tally.assistant_seconds + tally.compiler_seconds + tally.python_seconds
    lost = proofs_in(target.files) - tally.proofs
    figures.say(
        f"{counts['files']} files, {tally.sentences:,} sentences, {tally.proofs:,} proofs, {tally.tactics:,} tactic "
        f"sentences, {counts['steps']:,} atomic steps, {counts['steps_with_premises']:,} with premises"
    )
    figures.say(
        f"{tally.chains:,} chains: {tally.apart:,} taken apart, {tally.whole:,} kept whole; {tally.idle:,} pieces had "
        f"no goal left; {tally.again} proofs were run again; {tally.cut:,} steps with a state that was cut"
    )
    figures.say(
        f"{cpu:.0f} CPU seconds ({tally.assistant_seconds:.0f} Rocq, {tally.compiler_seconds:.0f} compiler, "
        f"{tally.python_seconds:.0f} Python), {seconds:.0f} s on {options.jobs} processes; coqc: {coqc:.0f} CPU seconds"
    )
    for name in ("files", "distinct_states", "steps_with_premises", "premises"):
        figures.figure(name, counts[name])
    for name in ("sentences", "tactics", "chains", "apart", "whole", "idle", "unseen", "again", "cut"):
        figures.figure(name, getattr(tally, name))
    for name in ("assistant_seconds", "compiler_seconds", "python_seconds"):
        figures.figure(name, round(getattr(tally, name), 1))
    figures.figure("jobs", options.jobs)
    figures.figure("coqc_seconds", round(coqc, 1))
    figures.figure("cpu_over_coqc", round(cpu / coqc, 2))
    figures.figure("steps_per_cpu_second", round(counts["steps"] / cpu, 1))
    figures.figure("steps_per_coqc_second", round(counts["steps"] / coqc, 1))
    figures.figure("steps", counts["steps"])
    figures.goal("failed_files", len(report.failures), 0, better="lower")
    figures.goal("lost_proofs", lost, 0, better="lower")
    if options.all:
        figures.goal("proofs", tally.proofs, PROOFS)
        figures.goal("steps_off", round(abs(counts["steps"] / STEPS - 1), 4), 0.01, better="lower")
        figures.goal("seconds", round(seconds, 1), 480, better="lower")
        figures.goal("database_megabytes", round(size / 1e6, 1), 200, better="lower")
    else:
        figures.figure("proofs", tally.proofs)
        figures.figure("seconds", round(seconds, 1))
        figures.figure("database_megabytes", round(size / 1e6, 1))
    figures.finish(options.out)


if __name__ == "__main__":
    main()
