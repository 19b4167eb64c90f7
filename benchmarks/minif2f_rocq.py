"""How many problems of a folder of miniF2F Rocq files are proved, beside a one-shot portfolio in the same run.

Lia, Lra and Psatz are required before the first theorem of each file, for the search and for the portfolio alike.  A
file counts as solved when the theorem it is named after is; files whose text does not load are reported apart.  The
budget is CPU seconds of one core, Rocq and Proofloom together; the gate comes on top.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from proofloom.assistants.executor import LocalProcesses
from proofloom.assistants.gate import RocqGate
from proofloom.assistants.rocq.project import settings_for
from proofloom.assistants.rocq.scripts import plain_script
from proofloom.assistants.rocq.session import Rocq
from proofloom.assistants.rocq.source import Hole, Source
from proofloom.assistants.rocq.toolchain import find_toolchain
from proofloom.assistants.session import AssistantError
from proofloom.evaluation.measuring.figures import Figures, arguments
from proofloom.evaluation.measuring.side_by_side import rows_side_by_side
from proofloom.evaluation.proofs.problems import Posed, hole_posed
from proofloom.evaluation.statistics.proportions import wilson
from proofloom.policies.kit import PolicyKit
from proofloom.policies.policy import Policy
from proofloom.policies.portfolio import Portfolio
from proofloom.proofs import Budget, Outcome, Step, Theorem, Verdict
from proofloom.search.driver import attempt
from proofloom.search.strategies import BestFirstConfig

PORTFOLIO = ("lra", "lia", "nra", "nia", "field", "firstorder")
PORTFOLIO_SECONDS = 5.0
MODULES = ("Lia", "Lra", "Psatz")


@dataclass(frozen=True)
class Row:
    """What came of one theorem; `main` marks the one that the file is named after."""

    file: str
    theorem: str
    main: bool
    one_shot: bool
    outcome: str
    cpu_seconds: float
    tactics: int
    proof: tuple[str, ...]
    axioms: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Setting:
    """How theorems are tried."""

    policy: str
    database: str
    seconds: float
    bundles: tuple[str, ...]


@contextmanager
def bench(setting: Setting) -> Iterator[Callable[[Path], list[Row]]]:
    """What a worker needs, one core of the machine: an assistant, a gate and a policy of its own."""
    toolchain = find_toolchain()
    with (
        Rocq(toolchain) as rocq,
        closing(RocqGate(toolchain, axioms=setting.bundles)) as gate,
        kit_of(setting.database) as kit,
    ):
        yield partial(run, setting, rocq, gate, kit.policy(setting.policy))


def kit_of(database: str) -> PolicyKit:
    """What policies are made from; a model computes on one core."""
    toolchain = find_toolchain()
    return PolicyKit(database, "", lambda path: settings_for(path, toolchain).logical_name, threads=1)


def run(setting: Setting, rocq: Rocq, gate: RocqGate, policy: Policy | Portfolio, file: Path) -> list[Row]:
    """Every theorem of one file, in order."""
    original = Source.read(file)
    source = original.requiring(rocq.toolchain.require(*MODULES))
    rows = []
    for hole in source.holes:
        try:
            posed = hole_posed(original, source, hole, settings_for(file, rocq.toolchain))
            shot = one_shot(rocq, posed.theorem)
        except AssistantError as error:
            rows.append(_row(file, hole, False, Outcome.UNSUPPORTED, reason=str(error)))
            continue

        def certify(steps: Sequence[Step], posed: Posed = posed) -> Verdict:
            script = plain_script([step.tactic for step in steps])
            return gate.check(posed.reference, posed.candidate(script), posed.path, posed.settings)

        budget = Budget(seconds=20 * setting.seconds, cpu_seconds=setting.seconds)  # wall clock is only a guard
        done = attempt(posed.theorem, rocq, policy, BestFirstConfig().start, budget, certify)
        axioms = done.verdict.axioms if done.verdict else ()
        spend = done.spend
        rows.append(
            _row(
                file,
                hole,
                shot,
                done.outcome,
                spend.cpu_seconds,
                spend.tactics,
                done.proof or (),
                axioms,
                done.reason,
            )
        )
    return rows


def _row(
    file: Path,
    hole: Hole,
    shot: bool,
    outcome: Outcome,
    cpu: float = 0.0,
    tactics: int = 0,
    proof: tuple[str, ...] = (),
    axioms: tuple[str, ...] = (),
    reason: str = "",
) -> Row:
    main = hole.name == file.stem
    return Row(file.name, hole.name, main, shot, outcome.value, round(cpu, 3), tactics, proof, axioms, reason)


def one_shot(rocq: Rocq, theorem: Theorem) -> bool:
    """True if one tactic of the portfolio, after `intros`, closes the theorem."""
    session = rocq.open(theorem)
    try:
        for tactic in PORTFOLIO:
            result = session.apply(session.root, f"intros; {tactic}", PORTFOLIO_SECONDS)
            if isinstance(result, Step) and result.after.finished and session.finish(result.after) is None:
                return True
    finally:
        session.close()
    return False


def main() -> None:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", help="folder of .v files, each ending in Admitted.")
    parser.add_argument("--policy", default="list", help="as in `proofloom prove` (default list)")
    parser.add_argument("--db", default="", help="the traced library (a path or URL) that the policy learns from")
    parser.add_argument("--time", type=float, default=10.0, help="CPU seconds per theorem (default 10)")
    parser.add_argument("--jobs", type=int, default=1, help="processes, one core each (default 1)")
    parser.add_argument("--axioms", default="reals,classical", help="axiom bundles that the gate allows")
    parser.add_argument("--rows", type=Path, help="write one JSON object a theorem to this file")
    options = parser.parse_args()
    figures = Figures("minif2f_rocq", quiet=options.json)
    if options.folder is None:
        figures.say("no folder of miniF2F files was named: nothing to measure")
        figures.finish()
        return
    files = sorted(options.folder.glob("*.v"))
    seconds = options.time
    if options.quick:
        files, seconds = random.Random(options.seed).sample(files, min(10, len(files))), 1.0
    bundles = tuple(name for name in options.axioms.split(",") if name)
    with kit_of(options.db) as kit:
        kit.prepare(options.policy)
    setting = Setting(options.policy, options.db, seconds, bundles)
    rows: list[Row] = []
    for part in rows_side_by_side(partial(bench, setting), files, LocalProcesses(options.jobs), options.rows):
        rows += part
        solved = sum(row.main and row.outcome == "proved" for row in rows)
        figures.say(f"{len({row.file for row in rows}):4} of {len(files)} files, {solved} solved")
    broken = {row.file for row in rows if row.outcome == "unsupported"}
    loading = len(files) - len(broken)
    named = [row for row in rows if row.main and row.file not in broken]
    solved = sum(row.outcome == "proved" for row in named)
    low, high = wilson(solved, loading)
    figures.say(
        f"policy {options.policy}: {seconds:g} CPU seconds a theorem; {len(broken)} of {len(files)} files do not load"
    )
    figures.say(f"solved {solved} of {loading} files [{low:.3f}, {high:.3f}]")
    figures.say(f"one-shot portfolio: {sum(row.one_shot for row in named)}")
    figures.figure("policy", options.policy)
    figures.figure("files", len(files))
    figures.figure("do_not_load", sorted(broken))
    figures.figure("one_shot", sum(row.one_shot for row in named))
    figures.figure("theorems_proved", sum(row.outcome == "proved" for row in rows))
    figures.figure(
        "outcomes", {name: sum(row.outcome == name for row in rows) for name in {row.outcome for row in rows}}
    )
    figures.figure("axioms", sorted({axiom for row in rows for axiom in row.axioms}))
    figures.figure("seconds_per_theorem", seconds)
    if not options.quick:
        figures.goal("solved", solved, 35)
    figures.finish(options.out)


if __name__ == "__main__":
    main()
