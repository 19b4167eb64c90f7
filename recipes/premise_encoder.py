"""Premises by learned vectors: what do trees, flat attention, no attention and no layer find, and what do words?

    python recipes/premise_encoder.py --db DB [--split figures] [--epochs 3] [--seeds 3]
    python recipes/premise_encoder.py --db DB --arm words --seeds 1 --save FOLDER

DB is a traced library with a split (`proofloom trace stdlib`, `proofloom split`).  Every arm is trained on the same
pairs from the same seeds, and measured on the validation part: recall@10 among the premises that a theorem may use.
Intervals are over theorems, of the mean over seeds; BM25 is measured on the same questions.  With one arm and one seed
the encoder can be saved, for `proofloom index --encoder FOLDER`.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from transformers import PreTrainedTokenizerBase

from proofloom.corpus.entries import PremiseEntry
from proofloom.corpus.library import Library
from proofloom.evaluation.figures import Figures, arguments
from proofloom.evaluation.paired import bootstrap_groups
from proofloom.models.card import CardFacts, encoder_card
from proofloom.models.premise_encoder import save_premise_encoder
from proofloom.models.premise_model import PremiseModel, vectors
from proofloom.models.tokenizer import train_tokenizer
from proofloom.models.tree_encoder import Arm
from proofloom.models.tree_texts import goal_texts, premise_texts
from proofloom.proofs import ProofState
from proofloom.retrieval.bm25 import Bm25, goal_words
from proofloom.retrieval.dense import mixed
from proofloom.retrieval.situation import Situations
from proofloom.training.premise_encoder import (
    ContrastSettings,
    Question,
    nearest,
    questions,
    recalls,
    train_encoder,
)

K = 10
VOCABULARY = 4096
"""Tokens; with 16,384 fewer premises were found, because rare names are learned from too few goals."""


@dataclass(frozen=True)
class Material:
    """What is learned from and asked, with the facts of a card: `source` are libraries, split and its digest."""

    pool: Sequence[PremiseEntry]
    learned: list[Question]
    held_out: list[Question]
    lexical: Bm25
    places: dict[int, int]
    source: tuple[str, str, str]


def sampled(asked: list[Question], most: int | None, seed: int) -> list[Question]:
    """At most so many questions, in their order."""
    if most is None or len(asked) <= most:
        return asked
    kept = sorted(random.Random(seed).sample(range(len(asked)), most))
    return [asked[place] for place in kept]


def interval(asked: list[Question], values: list[float], seed: int) -> tuple[float, float, float]:
    """The mean over questions, with its interval over theorems."""
    made = bootstrap_groups(values, [question.theorem for question in asked], np.random.default_rng(seed))
    return made.value, made.low, made.high


def material(options: argparse.Namespace) -> Material:
    """The questions of both parts, and the premises."""
    with Library.open(options.db, create=False) as library:
        entries = library.premises()
        learned = list(questions(library, entries, options.split, "train"))
        held_out = list(questions(library, entries, options.split, "val"))
        lexical = Bm25(entries, Situations(library.files(), library.accessibility(), str))
        split = library.split(options.split)
        data = ", ".join(entry.repository.url for entry in library.repositories())
    learned = sampled(learned, 320 if options.quick else options.pairs, options.seed)
    held_out = sampled(held_out, 60 if options.quick else options.questions, options.seed)
    pool = entries
    if options.quick:
        wanted = {number for question in [*learned, *held_out] for number in question.used}
        chance = random.Random(options.seed)
        pool = [entry for entry in entries if entry.id in wanted or chance.random() < 0.03]
    places = {entry.id: place for place, entry in enumerate(entries)}
    return Material(pool, learned, held_out, lexical, places, (data, f"{split.name}@{split.version}", split.digest))


def by_words(made: Material, numbers: set[int], depth: int) -> list[list[int]]:
    """The numbers of the premises that BM25 finds for each question, best first."""
    found = []
    for question in made.held_out:
        usable = np.array([made.places[n] for n in question.usable.tolist() if n in numbers], np.int64)
        found.append([one.premise.id for one in made.lexical.ranked(goal_words(question.goal), usable, depth)])
    return found


def both(made: Material, words: list[list[int]], near: list[list[int]]) -> list[float]:
    """Recall of the two mixed by rank."""
    found = []
    for question, *rankings in zip(made.held_out, words, near, strict=True):
        best = {number for number, _ in mixed(rankings)[:K]}
        found.append(len(best & set(question.used)) / len(question.used))
    return found


def save(
    encoder: PremiseModel,
    tokenizer: PreTrainedTokenizerBase,
    made: Material,
    settings: ContrastSettings,
    measured: dict[str, float],
    folder: Path,
) -> None:
    """Write the encoder with its card."""
    data, split, digest = made.source
    facts = CardFacts(
        name=f"proofloom-premises-{encoder.arm.value}",
        parameters=sum(one.numel() for one in encoder.parameters()),
        data=data,
        split=split,
        digest=digest,
        examples={"goals with premises": len(made.learned), "held-out goals": len(made.held_out)},
        seeds={"weights, order, counter-examples": settings.seed},
        settings={**asdict(encoder.sizes), **asdict(settings)},
        figures=measured,
        family=encoder.arm.value.upper() if encoder.arm in (Arm.HSA, Arm.FSA) else encoder.arm.value,
    )
    save_premise_encoder(encoder, tokenizer, encoder_card(facts), folder)


def main() -> None:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--db", type=Path, required=True, help="a traced library with a split")
    parser.add_argument("--split", default="figures", help="name of the split (default figures)")
    parser.add_argument("--epochs", type=int, default=3, help="passes over the training pairs (default 3)")
    parser.add_argument("--seeds", type=int, default=3, help="how often each arm is trained (default 3)")
    parser.add_argument("--pairs", type=int, metavar="N", help="learn from at most so many goals (default all)")
    parser.add_argument("--questions", type=int, default=3000, help="validation questions, at most (default 3000)")
    parser.add_argument("--arm", type=Arm, action="append", help="train only this one; may be repeated (default all)")
    parser.add_argument("--save", type=Path, metavar="FOLDER", help="where the encoder of one arm and one seed goes")
    options = parser.parse_args()
    arms = options.arm or list(Arm)
    seeds = 1 if options.quick else options.seeds
    if options.save is not None and (len(arms), seeds) != (1, 1):
        parser.error(f"--save: {len(arms)} arms with {seeds} seeds; wanted one of each (--arm NAME --seeds 1)")
    figures = Figures("premise_encoder", quiet=options.json)
    made = material(options)
    learned, held_out, pool = made.learned, made.held_out, made.pool
    figures.say(f"{len(learned):,} pairs to learn from, {len(held_out):,} questions, {len(pool):,} premises")
    texts = [*(ProofState((question.goal,)).text for question in learned), *(entry.statement for entry in pool)]
    tokenizer = train_tokenizer(texts[:: max(1, len(texts) // 20_000)], VOCABULARY)
    numbers = np.array([entry.id for entry in pool], np.int64)
    premises = dict(zip(numbers.tolist(), premise_texts(tokenizer, pool), strict=True))
    files = {entry.id: entry.file_id for entry in pool}
    goals, asked = (goal_texts(tokenizer, [question.goal for question in part]) for part in (learned, held_out))
    words = by_words(made, set(numbers.tolist()), 100)
    found = {"bm25": [len(set(q.used) & set(one[:K])) / len(q.used) for q, one in zip(held_out, words, strict=True)]}
    runs: dict[str, list[list[float]]] = {}
    for seed, arm in ((seed, arm) for seed in range(options.seed, options.seed + seeds) for arm in arms):
        torch.manual_seed(seed)
        encoder = PremiseModel(len(tokenizer), arm)
        settings = replace(ContrastSettings(), seed=seed, epochs=1 if options.quick else options.epochs)
        begun = time.process_time()
        losses = train_encoder(encoder, learned, goals, premises, files, settings, figures.say)
        trained = time.process_time()
        rows = vectors(encoder, list(premises.values()))
        encoded = time.process_time()
        near = nearest(held_out, vectors(encoder, asked), numbers, rows, 100)
        alone, mixes = recalls(held_out, near, K), both(made, words, near)
        runs.setdefault(arm, []).append(alone)
        runs.setdefault(f"{arm}_bm25", []).append(mixes)
        measured = {"recall@10": float(np.mean(alone)), "recall@10 with BM25": float(np.mean(mixes))}
        figures.say(
            f"{arm} seed {seed}: last losses {np.mean(losses[-100:]):.3f}, recall@10 {measured['recall@10']:.4f}, "
            f"with BM25 {measured['recall@10 with BM25']:.4f}; {trained - begun:.0f} CPU s to train, "
            f"{encoded - trained:.0f} to encode {len(rows):,} premises"
        )
        figures.figure(f"{arm}_seed_{seed}_recall_10", round(measured["recall@10"], 4))
        if options.save is not None:
            save(encoder, tokenizer, made, settings, measured, options.save)
    found |= {name: np.mean(some, 0).tolist() for name, some in runs.items()}
    for name, values in found.items():
        mean, low, high = interval(held_out, values, options.seed)
        figures.say(f"{name:12} recall@10 {mean:.4f} (95 %: {low:.4f} to {high:.4f})")
        figures.figure(f"{name}_recall_10", [round(mean, 4), round(low, 4), round(high, 4)])
    for one, other in ((Arm.HSA, Arm.FSA), (Arm.HSA, Arm.DEEPSET), *((arm, "bm25") for arm in arms)):
        if one in found and other in found:
            differences = [left - right for left, right in zip(found[one], found[other], strict=True)]
            mean, low, high = interval(held_out, differences, options.seed)
            figures.say(f"{one} - {other} {mean:+.4f} (95 %: {low:+.4f} to {high:+.4f})")
            figures.figure(f"{one}_minus_{other}_interval", [round(low, 4), round(high, 4)])
            if other is Arm.FSA:
                figures.goal("hsa_minus_fsa", round(mean, 4), 0.0)
            else:
                figures.figure(f"{one}_minus_{other}", round(mean, 4))
    figures.finish(options.out)


if __name__ == "__main__":
    main()
