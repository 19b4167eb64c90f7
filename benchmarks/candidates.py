"""How often the tactic that people wrote is among the best k that a policy proposes, at steps of a traced library.

Policies are named as for `prove --policy`, and each is asked at the same steps, with what may be used at their
theorems; nothing is run.  Tactics are compared as they are written, so this is a lower bound of what a search would
find, and the same one for all.  Intervals are over theorems, times CPU milliseconds of one core.
"""

from __future__ import annotations

import math
import random
import time
from pathlib import Path

import numpy as np

from premises import library_place
from proofloom.assistants.rocq.project import settings_for
from proofloom.assistants.rocq.toolchain import find_toolchain
from proofloom.corpus.entries import StepEntry
from proofloom.evaluation.measuring.figures import Figures, arguments
from proofloom.evaluation.statistics.paired import bootstrap_groups
from proofloom.policies.kit import MODEL_CANDIDATES, PolicyKit
from proofloom.policies.model.library_hints import LibraryHints
from proofloom.proofs import ProofState

BEST = (1, 2, 4, 8, MODEL_CANDIDATES)


def drawn(kit: PolicyKit, split: str, part: str, size: int, seed: int) -> list[StepEntry]:
    """Steps with a whole state, drawn at random, in the order of the library."""
    steps = kit.library.steps(split=split, part=part) if split else kit.library.steps()
    whole = [step for step in steps if step.goals and not step.cut]
    kept = sorted(random.Random(seed).sample(range(len(whole)), min(size, len(whole))))
    return [whole[place] for place in kept]


def measure(kit: PolicyKit, name: str, steps: list[StepEntry], figures: Figures, seed: int) -> None:
    """Ask one policy at all steps."""
    propose = LibraryHints(kit.library, kit.situations, kit.mixture(name))
    states = [ProofState.parse(step.state_before) for step in steps]
    propose.proposed(steps[0], states[0], MODEL_CANDIDATES)  # what is opened once does not count
    started = time.process_time()
    found = [propose.proposed(step, state, MODEL_CANDIDATES) for step, state in zip(steps, states, strict=True)]
    spent = 1000 * (time.process_time() - started) / len(steps)
    wanted = [step.tactic for step in steps]
    ranks = [each.index(one) if one in each else math.inf for each, one in zip(found, wanted, strict=True)]
    for best in BEST:
        hits = [float(rank < best) for rank in ranks]
        share = bootstrap_groups(hits, [step.theorem_id for step in steps], np.random.default_rng(seed))
        figures.figure(f"{name}: among {best}", round(share.value, 4))
        figures.figure(f"{name}: among {best}, interval", [round(share.low, 4), round(share.high, 4)])
    shares = ", ".join(f"{best}: {figures.record[f'{name}: among {best}']:.3f}" for best in BEST)
    figures.figure(f"{name}: milliseconds", round(spent, 2))
    figures.say(f"{name:20} {shares}; {spent:.0f} ms a state")


def main() -> None:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--db", help="a library that `proofloom trace` made (default: a few files are traced)")
    parser.add_argument(
        "--split", default="", help="ask at steps of a part of this split, and learn from the training part"
    )
    parser.add_argument("--part", default="val", help="the part that is asked about (default val)")
    parser.add_argument("--sample", type=int, default=300, metavar="N", help="steps asked about (default 300)")
    parser.add_argument("--policy", default="list,knn,model", metavar="NAME,...", help="default list,knn,model")
    parser.add_argument("--model", default="", help="folder of the model that `model` asks (default the shipped one)")
    parser.add_argument("--retriever", default="bm25", metavar="NAME", help="what finds premises (default bm25)")
    options = parser.parse_args()
    figures = Figures("candidates", quiet=options.json)
    toolchain = find_toolchain()

    def logical_name(path: Path) -> str:
        return settings_for(path, toolchain).logical_name

    with library_place(options.db, toolchain) as place:
        for name in options.policy.split(","):  # each with its own kit: a model remembers what it has said
            with PolicyKit(
                place, options.split, logical_name, model=options.model, retriever=options.retriever, threads=1
            ) as kit:
                kit.prepare(name)
                steps = drawn(kit, options.split, options.part, 30 if options.quick else options.sample, options.seed)
                figures.figure("steps", len(steps))
                measure(kit, name, steps, figures, options.seed)
    figures.finish(options.out)


if __name__ == "__main__":
    main()
