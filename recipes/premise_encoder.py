"""Premises by trees: does hierarchical attention find more of them than flat attention, no attention, and words?

    python recipes/premise_encoder.py --db DB [--split figures] [--epochs 3] [--seeds 3]

DB is a traced library with a split (`proofloom trace stdlib`, `proofloom split`).  Every arm is trained on the same
pairs from the same seeds, and measured on the validation part: recall@10 among the premises that a theorem may use.
Intervals are over theorems, of the mean over seeds; BM25 is measured on the same questions.
"""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from proofloom.corpus.library import Library
from proofloom.evaluation.figures import Figures, arguments
from proofloom.evaluation.paired import bootstrap_ratio
from proofloom.hierarchy.signals import DOMAINS
from proofloom.models.tokenizer import train_tokenizer
from proofloom.proofs import ProofState
from proofloom.retrieval.bm25 import Bm25, goal_words
from proofloom.retrieval.situation import Situations
from proofloom.training.premise_encoder import (
    ContrastSettings,
    Question,
    goal_texts,
    premise_texts,
    questions,
    recalls,
    train_encoder,
    vectors,
)
from proofloom.training.tree_encoder import Arm, TreeEncoder

K = 10


def sampled(asked: list[Question], most: int | None, seed: int) -> list[Question]:
    """At most so many questions, in their order."""
    if most is None or len(asked) <= most:
        return asked
    kept = sorted(random.Random(seed).sample(range(len(asked)), most))
    return [asked[place] for place in kept]


def interval(asked: list[Question], values: list[float], seed: int) -> tuple[float, float, float]:
    """The mean over questions, with its interval over theorems."""
    by_theorem: dict[int, list[float]] = {}
    for question, value in zip(asked, values, strict=True):
        by_theorem.setdefault(question.theorem, []).append(value)
    groups = list(by_theorem.values())
    made = bootstrap_ratio([sum(one) for one in groups], [len(one) for one in groups], np.random.default_rng(seed))
    return made.value, made.low, made.high


def main() -> None:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--db", type=Path, required=True, help="a traced library with a split")
    parser.add_argument("--split", default="figures", help="name of the split (default figures)")
    parser.add_argument("--epochs", type=int, default=3, help="passes over the training pairs (default 3)")
    parser.add_argument("--seeds", type=int, default=3, help="how often each arm is trained (default 3)")
    parser.add_argument("--questions", type=int, default=3000, help="validation questions, at most (default 3000)")
    options = parser.parse_args()
    figures = Figures("premise_encoder", quiet=options.json)
    with Library.open(options.db, create=False) as library:
        entries = library.premises()
        learned = list(questions(library, entries, options.split, "train"))
        held_out = list(questions(library, entries, options.split, "val"))
        lexical = Bm25(entries, Situations(library.files(), library.accessibility(), str))
    learned = sampled(learned, 320 if options.quick else None, options.seed)
    held_out = sampled(held_out, 60 if options.quick else options.questions, options.seed)
    pool = entries
    if options.quick:
        wanted = {number for question in [*learned, *held_out] for number in question.used}
        chance = random.Random(options.seed)
        pool = [entry for entry in entries if entry.id in wanted or chance.random() < 0.03]
    figures.say(f"{len(learned):,} pairs to learn from, {len(held_out):,} questions, {len(pool):,} premises")
    texts = [*(ProofState((question.goal,)).text for question in learned), *(entry.statement for entry in pool)]
    tokenizer = train_tokenizer(texts[:: max(1, len(texts) // 20_000)], 4096)
    numbers = np.array([entry.id for entry in pool], np.int64)
    premises = dict(zip(numbers.tolist(), premise_texts(tokenizer, pool), strict=True))
    goals, asked = (goal_texts(tokenizer, [question.goal for question in part]) for part in (learned, held_out))

    places = {entry.id: place for place, entry in enumerate(entries)}
    by_words = []
    for question in held_out:
        usable = np.array([places[n] for n in question.usable[np.isin(question.usable, numbers)].tolist()], np.int64)
        best = {found.premise.id for found in lexical.ranked(goal_words(question.goal), usable, K)}
        by_words.append(len(best & set(question.used)) / len(question.used))
    found: dict[str, list[float]] = {"bm25": by_words}

    seeds = 1 if options.quick else options.seeds
    for arm in Arm:
        runs = []
        for seed in range(options.seed, options.seed + seeds):
            torch.manual_seed(seed)
            encoder = TreeEncoder(len(tokenizer), DOMAINS, arm)
            settings = replace(ContrastSettings(), seed=seed, epochs=1 if options.quick else options.epochs)
            losses = train_encoder(encoder, learned, goals, premises, settings)
            rows = vectors(encoder, list(premises.values()))
            runs.append(recalls(held_out, vectors(encoder, asked), numbers, rows, K))
            figures.say(
                f"{arm} seed {seed}: last losses {np.mean(losses[-20:]):.3f}, recall@10 {np.mean(runs[-1]):.4f}"
            )
            figures.figure(f"{arm}_seed_{seed}_recall_10", round(float(np.mean(runs[-1])), 4))
        found[arm] = np.mean(runs, 0).tolist()
    for name, values in found.items():
        mean, low, high = interval(held_out, values, options.seed)
        figures.say(f"{name:8} recall@10 {mean:.4f} (95 %: {low:.4f} to {high:.4f})")
        figures.figure(f"{name}_recall_10", [round(mean, 4), round(low, 4), round(high, 4)])
    differences = [one - other for one, other in zip(found[Arm.HSA], found[Arm.FSA], strict=True)]
    mean, low, high = interval(held_out, differences, options.seed)
    figures.say(f"hsa - fsa {mean:+.4f} (95 %: {low:+.4f} to {high:+.4f})")
    figures.figure("hsa_minus_fsa_interval", [round(low, 4), round(high, 4)])
    figures.goal("hsa_minus_fsa", round(mean, 4), 0.0)
    figures.finish(options.out)


if __name__ == "__main__":
    main()
