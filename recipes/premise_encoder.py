"""Premises by learned vectors: what do trees, flat attention, no attention and no layer find, and what do words?

    python recipes/premise_encoder.py --db DB [--split figures] [--epochs 3] [--seeds 3] [--run NAME]
    python recipes/premise_encoder.py --db DB --arm words --seeds 1 --thinning 0.3 --save FOLDER

DB is a traced library with a split (`proofloom trace stdlib`, `proofloom split`).  Every arm is trained on the same
pairs from the same seeds, and measured on the validation part: recall@10 among the premises that a theorem may use.
Intervals are over theorems, of the mean over seeds; BM25 is measured on the same questions.  With one arm and one seed
the encoder can be saved, for `proofloom index --encoder FOLDER`.

With `--run` what each arm and seed found is kept in `runs/NAME` as soon as it is trained, so that the same command goes
on after Ctrl-C; more arms and more seeds may be asked for then, but no other setting.

`--new-files N` measures on one file in N of the training part instead, from which nothing is learned then: much of what
their steps use has never been used before, as in a development that the encoder has not seen.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from proofloom.app.proving.run_folder import begin_run
from proofloom.app.toml_records import BadInput, toml
from proofloom.assistants.files import write_beside
from proofloom.corpus.entries import PremiseEntry
from proofloom.corpus.library import Library
from proofloom.evaluation.measuring.figures import Figures, arguments
from proofloom.evaluation.statistics.paired import bootstrap_groups
from proofloom.models.card import CardFacts, encoder_card
from proofloom.models.premise_encoder import is_premise_encoder, save_premise_encoder
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
class Trained:
    """What came of one arm and seed: recall of each question, alone and mixed with words, CPU seconds, last loss."""

    alone: list[float]
    with_words: list[float]
    train_seconds: float
    encode_seconds: float
    loss: float

    @property
    def figures(self) -> dict[str, float]:
        """The means, as they stand on a card."""
        return {"recall@10": float(np.mean(self.alone)), "recall@10 with BM25": float(np.mean(self.with_words))}


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
    """The questions to learn from and those that are held out, and the premises."""
    with Library.open(options.db, create=False) as library:
        entries = library.premises()
        learned = list(questions(library, entries, options.split, "train"))
        if options.new_files is None:
            held_out = list(questions(library, entries, options.split, "val"))
        else:
            files = {theorem.id: theorem.file_id for theorem in library.theorems()}
            of_file = [files[question.theorem] for question in learned]
            known = sorted(set(of_file))
            new = set(random.Random(options.seed).sample(known, len(known) // options.new_files))
            held_out = [one for one, file in zip(learned, of_file, strict=True) if file in new]
            learned = [one for one, file in zip(learned, of_file, strict=True) if file not in new]
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


def by_words(made: Material, numbers: set[int]) -> list[list[int]]:
    """The numbers of the `K` best premises that BM25 finds for each question."""
    found = []
    for question in made.held_out:
        usable = np.array([made.places[n] for n in question.usable.tolist() if n in numbers], np.int64)
        found.append([one.premise.id for one in made.lexical.ranked(goal_words(question.goal), usable, K)])
    return found


def both(
    made: Material, goals: NDArray[np.float32], numbers: NDArray[np.int64], rows: NDArray[np.float32]
) -> list[float]:
    """Recall by words and vectors together, as `hybrid` has it; arguments as of `nearest`."""
    found = []
    for question, goal in zip(made.held_out, goals, strict=True):
        usable = question.usable[np.isin(question.usable, numbers)]
        places = np.array([made.places[number] for number in usable.tolist()], np.int64)
        scores = mixed(made.lexical.scores(question.goal, places), rows[np.searchsorted(numbers, usable)] @ goal)
        found.append(usable[np.argsort(-scores, kind="stable")[:K]].tolist())
    return recalls(made.held_out, found, K)


class Kept:
    """What is known of each arm and seed, one file for each in the folder of a run, if there is one."""

    def __init__(self, options: argparse.Namespace, source: tuple[str, str, str]) -> None:
        self._folder: Path | None = None
        if options.run is not None:
            free = ("arm", "seeds", "run", "save", "out", "json", "db")
            settings = {name: one for name, one in vars(options).items() if name not in free and one is not None}
            about = dict(zip(("data", "split", "digest"), source, strict=True))
            self._folder = begin_run(options.run, toml({"": {**settings, **about}}), again="")

    def of(self, arm: Arm, seed: int) -> Trained | None:
        """What it found, if it has been trained."""
        file = self._file(arm, seed)
        return Trained(**json.loads(file.read_text("utf-8"))) if file is not None and file.exists() else None

    def keep(self, arm: Arm, seed: int, found: Trained) -> None:
        """Keep it."""
        if (file := self._file(arm, seed)) is not None:
            write_beside(file, json.dumps(asdict(found)).encode())

    def _file(self, arm: Arm, seed: int) -> Path | None:
        return None if self._folder is None else self._folder / f"{arm}-{seed}.json"


class Trainer:
    """Trains one arm after the other on the same material."""

    def __init__(self, made: Material, options: argparse.Namespace, say: Callable[[str], None]) -> None:
        self._made, self._say, self._save = made, say, options.save
        self._settings = replace(
            ContrastSettings(), epochs=1 if options.quick else options.epochs, thinning=options.thinning
        )
        learned, held_out, pool = made.learned, made.held_out, made.pool
        texts = [*(ProofState((question.goal,)).text for question in learned), *(entry.statement for entry in pool)]
        self._tokenizer = train_tokenizer(texts[:: max(1, len(texts) // 20_000)], VOCABULARY)
        self._numbers = np.array([entry.id for entry in pool], np.int64)
        self._premises = dict(zip(self._numbers.tolist(), premise_texts(self._tokenizer, pool), strict=True))
        self._files = {entry.id: entry.file_id for entry in pool}
        self._goals, self._asked = (
            goal_texts(self._tokenizer, [question.goal for question in part]) for part in (learned, held_out)
        )
        self.words = by_words(made, set(self._numbers.tolist()))

    def trained(self, arm: Arm, seed: int) -> Trained:
        """One arm, from one seed; it is saved if that was asked for."""
        made = self._made
        torch.manual_seed(seed)
        encoder = PremiseModel(len(self._tokenizer), arm)
        settings = replace(self._settings, seed=seed)
        begun = time.process_time()
        losses = train_encoder(encoder, made.learned, self._goals, self._premises, self._files, settings, self._say)
        trained = time.process_time()
        rows = vectors(encoder, list(self._premises.values()))
        encoded = time.process_time()
        asked = vectors(encoder, self._asked)
        near = nearest(made.held_out, asked, self._numbers, rows, K)
        alone, mixes = recalls(made.held_out, near, K), both(made, asked, self._numbers, rows)
        last = float(np.mean(losses[-100:]))
        found = Trained(alone, mixes, round(trained - begun, 1), round(encoded - trained, 1), last)
        if self._save is not None:
            save(encoder, self._tokenizer, made, settings, found.figures, self._save)
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


def options_of(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """What the command line asks for."""
    parser.add_argument("--db", type=Path, required=True, help="a traced library with a split")
    parser.add_argument("--split", default="figures", help="name of the split (default figures)")
    parser.add_argument("--epochs", type=int, default=3, help="passes over the training pairs (default 3)")
    parser.add_argument("--thinning", type=float, default=0.0, help="share of tokens left out of a text (default 0)")
    parser.add_argument("--seeds", type=int, default=3, help="how often each arm is trained (default 3)")
    parser.add_argument("--pairs", type=int, metavar="N", help="learn from at most so many goals (default all)")
    parser.add_argument("--questions", type=int, default=3000, help="held-out questions, at most (default 3000)")
    parser.add_argument(
        "--new-files", type=int, metavar="N", help="measure on one file in N of the training part, new to the encoder"
    )
    parser.add_argument("--arm", type=Arm, action="append", help="train only this one; may be repeated (default all)")
    parser.add_argument("--run", metavar="NAME", help="keep what each arm and seed found in runs/NAME, and go on there")
    parser.add_argument("--save", type=Path, metavar="FOLDER", help="where the encoder of one arm and one seed goes")
    options = parser.parse_args()
    options.arm = options.arm or list(Arm)
    options.seeds = 1 if options.quick else options.seeds
    if options.save is not None and (len(options.arm), options.seeds) != (1, 1):
        parser.error(
            f"--save: {len(options.arm)} arms with {options.seeds} seeds; wanted one of each (--arm NAME --seeds 1)"
        )
    if options.new_files is not None and options.new_files < 2:
        parser.error(f"--new-files {options.new_files}: wanted 2 or more")
    if not 0 <= options.thinning < 1:
        parser.error(f"--thinning {options.thinning}: wanted 0 to less than 1")
    return options


def main() -> None:
    parser = arguments(__doc__.splitlines()[0])
    options = options_of(parser)
    figures = Figures("premise_encoder", quiet=options.json)
    made = material(options)
    held_out = made.held_out
    used = {number for question in made.learned for number in question.used}
    asked = [number in used for question in held_out for number in question.used]
    figures.say(
        f"{len(made.learned):,} pairs to learn from, {len(held_out):,} questions, {len(made.pool):,} premises; "
        f"of those that the questions use {np.mean(asked):.1%} are used in the pairs too"
    )
    figures.figure("premises_used_in_the_pairs_too", round(float(np.mean(asked)), 4))
    try:
        kept = Kept(options, made.source)
    except BadInput as error:
        parser.error(str(error))
    trainer = Trainer(made, options, figures.say)
    found = {"bm25": recalls(held_out, trainer.words, K)}
    runs: dict[str, list[list[float]]] = {}
    for seed, arm in ((seed, arm) for seed in range(options.seed, options.seed + options.seeds) for arm in options.arm):
        one = kept.of(arm, seed)
        if one is None or (options.save is not None and not is_premise_encoder(options.save)):
            one = trainer.trained(arm, seed)
            kept.keep(arm, seed, one)
        runs.setdefault(arm, []).append(one.alone)
        runs.setdefault(f"{arm}_bm25", []).append(one.with_words)
        recall, mixed_recall = one.figures.values()
        figures.say(
            f"{arm} seed {seed}: last losses {one.loss:.3f}, recall@10 {recall:.4f}, with BM25 {mixed_recall:.4f}; "
            f"{one.train_seconds:.0f} CPU s to train, {one.encode_seconds:.0f} to encode {len(made.pool):,} premises"
        )
        figures.figure(f"{arm}_seed_{seed}_recall_10", round(recall, 4))
    found |= {name: np.mean(some, 0).tolist() for name, some in runs.items()}
    report(found, held_out, options, figures)
    figures.finish(options.out)


def report(
    found: dict[str, list[float]], held_out: list[Question], options: argparse.Namespace, figures: Figures
) -> None:
    """Recall of each way with its interval, and the differences that were asked about."""
    for name, values in found.items():
        mean, low, high = interval(held_out, values, options.seed)
        figures.say(f"{name:12} recall@10 {mean:.4f} (95 %: {low:.4f} to {high:.4f})")
        figures.figure(f"{name}_recall_10", [round(mean, 4), round(low, 4), round(high, 4)])
    for one, other in ((Arm.HSA, Arm.FSA), (Arm.HSA, Arm.DEEPSET), *((arm, "bm25") for arm in options.arm)):
        if one in found and other in found:
            differences = [left - right for left, right in zip(found[one], found[other], strict=True)]
            mean, low, high = interval(held_out, differences, options.seed)
            figures.say(f"{one} - {other} {mean:+.4f} (95 %: {low:+.4f} to {high:+.4f})")
            figures.figure(f"{one}_minus_{other}_interval", [round(low, 4), round(high, 4)])
            if other is Arm.FSA:
                figures.goal("hsa_minus_fsa", round(mean, 4), 0.0)
            else:
                figures.figure(f"{one}_minus_{other}", round(mean, 4))


if __name__ == "__main__":
    main()
