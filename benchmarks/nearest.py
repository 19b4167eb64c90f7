"""How long the nearest-neighbour policy takes to answer: CPU milliseconds on one core, for goals drawn from a library.

Two figures: finding the nearest of all remembered steps (what the goal is about), and the whole answer with names
fitted to the goal.  The library is `--db`, or a few files that are traced for it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from premises import library_place
from proofloom.assistants.rocq.project import settings_for
from proofloom.assistants.rocq.source import Source
from proofloom.assistants.rocq.toolchain import RocqToolchain, find_toolchain
from proofloom.evaluation.measuring.figures import Figures, arguments
from proofloom.policies.kit import PolicyKit
from proofloom.policies.neighbours.knn import NearestNeighbours
from proofloom.policies.policy import Query
from proofloom.proofs import Goal, ProofState, Theorem

CANDIDATES = 64


def goals(kit: PolicyKit, size: int, seed: int) -> list[Goal]:
    """First goals of steps of the library, drawn at random; those that were cut are passed over."""
    texts = [step.state_before.split("\n\n")[0] for step in kit.library.steps() if not step.cut and step.goals]
    chosen = random.Random(seed).sample(sorted(set(texts)), min(size, len(set(texts))))
    return [Goal.parse(text) for text in chosen]


def last_theorem(file: Path) -> Theorem:
    """The last proved theorem of a file: nearly all that it imports, and all before it, may be used there."""
    source = Source.read(file)
    return source.restated(source.proofs[-1])


def milliseconds(function: Callable[[Goal], object], asked: Sequence[Goal]) -> list[float]:
    """CPU milliseconds of each call, ascending."""
    spent = []
    for goal in asked:
        started = time.process_time()
        function(goal)
        spent.append(1000 * (time.process_time() - started))
    return sorted(spent)


def measure(kit: PolicyKit, toolchain: RocqToolchain, size: int, figures: Figures, seed: int) -> None:
    """Time both stages on the same goals, after some that are not counted."""
    started = time.process_time()
    memory = kit.memory
    figures.figure("seconds_to_open", round(time.process_time() - started, 3))
    figures.figure("steps", len(memory))
    asked = goals(kit, size + 20, seed)
    theorem = last_theorem(toolchain.standard_folder / "Lists" / "List.v")
    policy = NearestNeighbours(memory, kit.situations)
    for goal in asked[:20]:
        policy.suggest([Query(ProofState((goal,)), theorem)], CANDIDATES)
    for name, function in (
        ("nearest", lambda goal: policy.nearest(goal, theorem)),
        ("answer", lambda goal: policy.suggest([Query(ProofState((goal,)), theorem)], CANDIDATES)),
    ):
        spent = milliseconds(function, asked[20:])
        mean, median, late = float(np.mean(spent)), spent[len(spent) // 2], spent[int(0.9 * len(spent))]
        figures.say(f"{name}: mean {mean:.2f} ms, median {median:.2f}, nine of ten under {late:.2f}")
        figures.figure(f"{name}_median_milliseconds", round(median, 3))
        figures.figure(f"{name}_p90_milliseconds", round(late, 3))
        if name == "nearest":
            figures.goal("nearest_milliseconds", round(mean, 3), 5.0, better="lower")
        else:
            figures.figure("answer_milliseconds", round(mean, 3))


def main() -> None:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--db", help="a library that `proofloom trace` made (default: a few files are traced)")
    parser.add_argument("--sample", type=int, default=1000, metavar="N", help="goals asked about (default 1000)")
    options = parser.parse_args()
    figures = Figures("nearest", quiet=options.json)
    toolchain = find_toolchain()
    with (
        library_place(options.db, toolchain) as place,
        PolicyKit(place, "", lambda path: settings_for(path, toolchain).logical_name) as kit,
    ):
        measure(kit, toolchain, 100 if options.quick else options.sample, figures, options.seed)
    figures.finish(options.out)


if __name__ == "__main__":
    main()
