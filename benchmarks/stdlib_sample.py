"""How many of 300 lemmas of Coq's standard library each policy proves, beside one-shot automation in the same run.

Each lemma is opened at its place in its own file, under the file's real name and imports: neither the lemma nor what
depends on it is in scope.  The budget is CPU seconds of one core, Rocq and Proofloom together; the gate comes on top.
The sample (that of the split `figures`) is 50 lemmas each of six libraries.  To tune on, `--draw N` draws others, and
`--sample stdlib_validation_247.jsonl` has those of the figure split's validation part, which no model was trained on.
Policies that learn from a library see what is accessible at the lemma and nothing else; with `--split` of that only
the training part.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from proofloom.assistants.executor import LocalProcesses
from proofloom.assistants.gate import RocqGate
from proofloom.assistants.rocq.project import settings_for
from proofloom.assistants.rocq.scripts import plain_script
from proofloom.assistants.rocq.session import Rocq
from proofloom.assistants.rocq.source import Proof, Source
from proofloom.assistants.rocq.toolchain import RocqToolchain, find_toolchain
from proofloom.corpus.splits.sample import STDLIB_SAMPLE
from proofloom.evaluation.measuring.figures import Figures, arguments
from proofloom.evaluation.measuring.side_by_side import rows_side_by_side
from proofloom.evaluation.proofs.problems import Posed, proof_near, restated, standard_file
from proofloom.evaluation.statistics.proportions import wilson
from proofloom.policies.kit import PolicyKit
from proofloom.policies.policy import Policy
from proofloom.policies.portfolio import Portfolio
from proofloom.proofs import Budget, Step, Theorem, Verdict
from proofloom.search.driver import PartFound, attempt
from proofloom.search.strategies import BestFirstConfig

LIBRARIES = ("ZArith", "Lists", "Arith", "Bool", "Sets", "Reals")
LENGTHS = ((1, 1), (2, 3), (4, 8), (9, 10_000))
ONE_SHOT = (
    "trivial", "auto", "easy", "eauto", "tauto", "congruence", "intros; reflexivity", "intuition", "auto with *",
    "firstorder", "lia",
)  # fmt: skip
ONE_SHOT_SECONDS = 2.0
GOALS = {
    "list": (("solved", 0, 75),),
    "knn+list": (("solved", 0, 110), ("solved of two or more tactics", 2, 40)),
}
"""What a policy is to prove of the sample: a name, the least number of human tactics, the goal."""
WALL = 20  # wall clock is only a guard: a loaded machine must not cost a lemma its CPU seconds


@dataclass(frozen=True)
class Row:
    """What came of one lemma with one policy.  `found` counts scripts that Rocq closed, `proved` those that the gate
    accepted.
    """

    policy: str
    library: str
    file: str
    name: str
    char_offset: int
    human_tactics: int
    one_shot: bool
    found: bool
    proved: bool
    outcome: str
    cpu_seconds: float
    seconds: float
    tactics: int
    expansions: int
    proof: tuple[str, ...]
    reason: str

    def ended_within(self, seconds: float) -> bool:
        """False if this was cut off by a smaller budget than `seconds`."""
        return self.found or self.proved or self.outcome != "out_of_budget" or self.cpu_seconds >= seconds


@dataclass(frozen=True)
class Task:
    """Lemmas of one file."""

    file: str
    lemmas: tuple[dict[str, object], ...]


@dataclass(frozen=True)
class Setting:
    """How lemmas are tried."""

    policies: tuple[str, ...]
    database: str
    split: str
    model: str
    retriever: str
    seconds: float
    gate: bool
    one_shot: bool


@contextmanager
def bench(setting: Setting) -> Iterator[Callable[[Task], list[Row]]]:
    """What a worker needs, one core of the machine: an assistant, a gate and policies of its own."""
    toolchain = find_toolchain()
    with (
        Rocq(toolchain) as rocq,
        closing(RocqGate(toolchain, axioms=("reals", "classical"))) as gate,
        kit_of(setting, toolchain) as kit,
    ):
        policies = [kit.policy(names) for names in setting.policies]
        yield partial(run, setting, rocq, gate, policies)


def run(setting: Setting, rocq: Rocq, gate: RocqGate, policies: Sequence[Policy | Portfolio], task: Task) -> list[Row]:
    """Every lemma of one file, in order."""
    file = standard_file(task.file, rocq.toolchain)
    source = Source.read(file)
    rows = []
    for lemma in task.lemmas:
        proof = find(source, lemma)
        posed = restated(source, proof, settings_for(file, rocq.toolchain))

        verdicts: dict[str, Verdict] = {}  # a script that two policies find is checked once

        def certify(steps: Sequence[Step], posed: Posed = posed, verdicts: dict[str, Verdict] = verdicts) -> Verdict:
            if not setting.gate:
                raise PartFound(steps)
            script = plain_script([step.tactic for step in steps])
            if script not in verdicts:
                verdicts[script] = gate.check(posed.reference, posed.candidate(script), posed.path, posed.settings)
            return verdicts[script]

        shot = setting.one_shot and one_shot(rocq, posed.theorem)
        budget = Budget(seconds=WALL * setting.seconds, cpu_seconds=setting.seconds)
        place = (str(lemma["library"]), task.file, proof.name, int(str(lemma["char_offset"])))
        for policy in policies:
            common = (policy.name, *place, int(str(lemma["human_tactics"])), shot)
            try:
                done = attempt(posed.theorem, rocq, policy, BestFirstConfig().start, budget, certify)
            except PartFound as found:
                tactics, spend = tuple(step.tactic for step in found.steps), found.spend
                rows.append(
                    Row(*common, True, False, "found", spend.cpu_seconds, spend.seconds, spend.tactics,
                        spend.expansions, tactics, "")
                )  # fmt: skip
                continue
            spend = done.spend
            rows.append(
                Row(*common, done.proof is not None, done.outcome == "proved", done.outcome, spend.cpu_seconds,
                    spend.seconds, spend.tactics, spend.expansions, done.proof or (), done.reason)
            )  # fmt: skip
    return rows


def kit_of(setting: Setting, toolchain: RocqToolchain) -> PolicyKit:
    """What the policies are made from; a model computes on one core."""
    return PolicyKit(
        setting.database,
        setting.split,
        lambda path: settings_for(path, toolchain).logical_name,
        model=setting.model,
        retriever=setting.retriever,
        threads=1,
    )


def one_shot(rocq: Rocq, theorem: Theorem) -> bool:
    """True if one automation tactic, `ONE_SHOT_SECONDS` each, closes the lemma."""
    session = rocq.open(theorem)
    try:
        for tactic in ONE_SHOT:
            result = session.apply(session.root, tactic, ONE_SHOT_SECONDS)
            if isinstance(result, Step) and result.after.finished and session.finish(result.after) is None:
                return True
    finally:
        session.close()
    return False


def find(source: Source, lemma: dict[str, object]) -> Proof:
    """The proof that the sample names; raises `AssistantError` if this library has no such lemma at that place."""
    start = len(source.data.decode()[: int(str(lemma["char_offset"]))].encode())
    return proof_near(source, str(lemma["name"]), start)


def draw(count: int, seed: int, avoid: Iterable[dict[str, object]]) -> list[dict[str, object]]:
    """Other lemmas of the same libraries, evenly over them, none of the sample."""
    toolchain = find_toolchain()
    taken = {(lemma["file"], lemma["name"]) for lemma in avoid}
    generator = random.Random(seed)
    drawn: list[dict[str, object]] = []
    for library in LIBRARIES:
        pool = []
        for file in sorted((toolchain.standard_folder / library).rglob("*.v")):
            logical = settings_for(file, toolchain).logical_name
            source = Source.read(file)
            for proof in source.proofs:
                if proof.ending in ("Qed.", "Defined.") and (logical, proof.name) not in taken and proof.tactics:
                    offset = len(source.data[: proof.start].decode())
                    pool.append({"library": library, "file": logical, "name": proof.name, "char_offset": offset,
                                 "human_tactics": len(proof.tactics)})  # fmt: skip
        drawn += generator.sample(pool, min(count // len(LIBRARIES), len(pool)))
    return drawn


def tasks(lemmas: Sequence[dict[str, object]]) -> list[Task]:
    """At most ten lemmas of a file each, the files with most lemmas first."""
    files: dict[str, list[dict[str, object]]] = {}
    for lemma in sorted(lemmas, key=lambda lemma: int(str(lemma["char_offset"]))):
        files.setdefault(str(lemma["file"]), []).append(lemma)
    parts = []
    for file, wanted in sorted(files.items(), key=lambda item: -len(item[1])):
        for start in range(0, len(wanted), 10):
            parts.append(Task(file, tuple(wanted[start : start + 10])))
    return parts


def read_rows(file: Path | None) -> list[Row]:
    """The rows of an earlier run that was cut off."""
    if file is None or not file.exists():
        return []
    return [Row(**json.loads(line)) for line in file.read_text().splitlines()]


def report(rows: Sequence[Row], figures: Figures, gate: bool) -> None:
    """Tables for one policy, per library and by length of the human proof."""
    policy = rows[0].policy

    def solved(row: Row) -> bool:
        return row.proved if gate else row.found

    def line(label: str, part: Sequence[Row]) -> None:
        count, shot = sum(map(solved, part)), sum(row.one_shot for row in part)
        low, high = wilson(count, len(part))
        figures.say(f"  {label:14} {count:4} of {len(part):3}  [{low:.3f}, {high:.3f}]   one-shot automation {shot:3}")
        figures.figure(f"{policy}: solved {label}", count)
        figures.figure(f"one-shot {label}", shot)

    for library in LIBRARIES:
        line(library, [row for row in rows if row.library == library])
    for low, high in LENGTHS:
        label = f"{low} tactic" if low == high else f"{low}-{high} tactics" if high < 1000 else f"{low}+ tactics"
        line(label, [row for row in rows if low <= row.human_tactics <= high])
    line(">= 2 tactics", [row for row in rows if row.human_tactics >= 2])
    line("all", rows)
    outcomes = sorted({row.outcome for row in rows})
    counts = {str(outcome): sum(row.outcome == outcome for row in rows) for outcome in outcomes}
    seconds = round(sum(row.cpu_seconds for row in rows), 1)
    figures.figure(f"{policy}: outcomes", counts)
    figures.figure(f"{policy}: interval", [round(bound, 4) for bound in wilson(sum(map(solved, rows)), len(rows))])
    figures.figure(f"{policy}: cpu_seconds", seconds)
    figures.figure(f"{policy}: tactics", sum(row.tactics for row in rows))
    figures.say(f"  outcomes: {counts}; {seconds} CPU seconds of search")


def main() -> None:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--time", type=float, default=10.0, help="CPU seconds per lemma (default 10)")
    parser.add_argument("--jobs", type=int, default=1, help="processes, one core each (default 1)")
    parser.add_argument("--sample", type=Path, default=STDLIB_SAMPLE, help="the lemmas, one JSON object a line")
    parser.add_argument("--draw", type=int, metavar="N", help="instead: N other lemmas of the same libraries")
    parser.add_argument("--limit", type=int, metavar="N", help="only N lemmas, chosen by the seed")
    parser.add_argument("--no-gate", action="store_true", help="count what Rocq closes; nothing is called proved")
    parser.add_argument("--no-one-shot", action="store_true", help="leave out the one-shot automation")
    parser.add_argument(
        "--rows",
        type=Path,
        help="one JSON object a lemma and policy; what is there is not tried again unless it ran out of less time",
    )
    parser.add_argument(
        "--policy",
        default="list",
        metavar="NAME,...",
        help="each as in `proofloom prove`, tried on all",
    )
    parser.add_argument("--db", default="", help="the traced library (a path or URL) that policies learn from")
    parser.add_argument("--split", default="", help="learn from the training part of this split only")
    parser.add_argument("--retriever", default="bm25", metavar="NAME", help="what finds premises (default bm25)")
    parser.add_argument("--model", default="", help="folder of the model that `model` asks (default the shipped one)")
    options = parser.parse_args()
    figures = Figures("stdlib_sample", quiet=options.json)
    lemmas = [json.loads(line) for line in options.sample.read_text().splitlines()]
    if options.draw:
        lemmas = draw(options.draw, options.seed, lemmas)
    limit = 24 if options.quick else options.limit
    if limit:
        lemmas = random.Random(options.seed).sample(lemmas, limit)
    seconds = 1.0 if options.quick else options.time
    rows = read_rows(options.rows)
    policies, gated = tuple(options.policy.split(",")), not options.no_gate
    rows = [row for row in rows if row.policy in policies and row.ended_within(seconds)]
    known = Counter((row.file, row.char_offset) for row in rows)
    left = [lemma for lemma in lemmas if known[str(lemma["file"]), int(str(lemma["char_offset"]))] < len(policies)]
    again = {(lemma["file"], lemma["char_offset"]) for lemma in left}
    rows = [row for row in rows if (row.file, row.char_offset) not in again]
    one_shot = not (options.no_one_shot or options.quick)
    setting = Setting(policies, options.db, options.split, options.model, options.retriever, seconds, gated, one_shot)
    with kit_of(setting, find_toolchain()) as kit:
        for name in policies:
            kit.prepare(name)
    for part in rows_side_by_side(partial(bench, setting), tasks(left), LocalProcesses(options.jobs), options.rows):
        rows += part
        good = [sum(row.proved or row.found for row in rows if row.policy == name) for name in policies]
        done = len(rows) // len(policies)
        figures.say(f"{done:4} of {len(lemmas)} tried, {', '.join(map(str, good))} closed   {part[0].file}")
    rows.sort(key=lambda row: (LIBRARIES.index(row.library), row.file, row.name))
    figures.figure("seconds_per_lemma", seconds)
    figures.figure("one_shot_seconds", ONE_SHOT_SECONDS)
    for policy in policies:
        mine = [row for row in rows if row.policy == policy]
        figures.say(f"policy {policy}: {seconds:g} CPU seconds a lemma, {options.jobs} processes of one core each")
        report(mine, figures, gated)
        if len(mine) == 300 and gated:
            for label, least, goal in GOALS.get(policy, ()):
                solved = sum(row.proved for row in mine if row.human_tactics >= least)
                figures.goal(f"{policy}: {label}", solved, goal)
    figures.finish(options.out)


if __name__ == "__main__":
    main()
