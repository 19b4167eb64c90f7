"""Premises for a goal by learned vectors: an encoder of states and statements, trained by contrast.

A goal and a premise that a human used there are to have a large product, a goal and other premises a small one.  The
others are those of the other goals in the batch and, harder, premises that might have been used: one from the file of
the right one (as ReProver has them) and one from anywhere.  Which premises a theorem may use is asked of the library,
and recall counts only those.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from proofloom.corpus.entries import PremiseEntry
from proofloom.corpus.library import Library
from proofloom.models.premise_model import PremiseModel, Thinning
from proofloom.models.tree_encoder import TreeText
from proofloom.proofs import Goal, ProofState
from proofloom.proofs.state import StateSyntaxError

TOLD = 100
"""Steps between two lines about the loss, which is their mean."""


@dataclass(frozen=True, slots=True)
class Question:
    """The first goal of a step, the numbers of the premises that the step used, and those that it might have used."""

    goal: Goal
    used: tuple[int, ...]
    usable: NDArray[np.int64]
    theorem: int


@dataclass(frozen=True, slots=True)
class ContrastSettings:
    """How an encoder is trained: pairs of a batch, passes over the questions, and the divisor of the products.

    With `hard` each goal brings two premises that it might have used, one from the file of the right one.  What is used
    often is a counter-example often, and would be found too seldom: its products are lowered, while training, by
    `frequency` times the logarithm of how often it is used (Yi et al. 2019 have 1).  `thinning` is the share of the
    tokens that are left out of every text, others each time.
    """

    batch: int = 64
    epochs: int = 3
    learning_rate: float = 3e-3
    temperature: float = 0.05
    hard: bool = True
    frequency: float = 0.5
    thinning: float = 0.0
    seed: int = 0


def questions(library: Library, premises: Sequence[PremiseEntry], split: str, part: str) -> Iterator[Question]:
    """The steps of one part of a split that use a premise which may be used there."""
    numbers: dict[str, list[int]] = {}
    for premise in premises:
        numbers.setdefault(premise.full_name, []).append(premise.id)
    theorem, usable = -1, np.empty(0, np.int64)
    for step in library.steps(split=split, part=part):
        named = [number for name in step.premises for number in numbers.get(name, ())]
        if not named or step.cut:
            continue
        if step.theorem_id != theorem:
            theorem, usable = step.theorem_id, library.accessible(step.theorem_id)
        used = tuple(np.intersect1d(named, usable).tolist())
        try:
            goals = ProofState.parse(step.state_before).goals
        except StateSyntaxError:
            continue
        if used and goals:
            yield Question(goals[0], used, usable, theorem)


def contrast(goals: Tensor, premises: Tensor, same: Tensor, lowered: Tensor, temperature: float) -> Tensor:
    """The mean loss, in nats, of telling the premise of each goal (B, O) from all others of `premises` (P, O).

    The premise of goal i is row i.  `same` (B, P) is True where a goal used another premise of the batch too, which is
    then no counter-example; `lowered` (P) is taken from the score of each premise, its product over the temperature.
    """
    products = nn.functional.normalize(goals, dim=-1) @ nn.functional.normalize(premises, dim=-1).T / temperature
    products = products - lowered
    own = torch.eye(*products.shape, dtype=torch.bool, device=goals.device)
    products = products.masked_fill(same & ~own, -torch.inf)
    return nn.functional.cross_entropy(products, torch.arange(len(goals), device=goals.device))


class Contrasts:
    """Draws premises for the goals of a batch; `files` says in which file each premise stands that has a text."""

    def __init__(self, files: Mapping[int, int], hard: bool) -> None:
        self._files, self._hard = files, hard
        members: dict[int, list[int]] = {}
        for number, file in files.items():
            members.setdefault(file, []).append(number)
        self._members = {file: np.array(sorted(some), np.int64) for file, some in members.items()}

    def of(self, asked: Sequence[Question], chance: np.random.Generator) -> list[int]:
        """One that each question used, in their order, and then the counter-examples, each once."""
        own = [int(chance.choice(question.used)) for question in asked]
        others: dict[int, None] = {}
        for question, number in zip(asked, own, strict=True) if self._hard else ():
            for among in (self._members[self._files[number]], question.usable):
                drawn = int(chance.choice(among))
                at = int(np.searchsorted(question.usable, drawn))
                if drawn in self._files and at < len(question.usable) and question.usable[at] == drawn:
                    others[drawn] = None
        return [*own, *(number for number in others if number not in own)]


def train_encoder(
    encoder: PremiseModel,
    asked: Sequence[Question],
    goals: Sequence[TreeText],
    premises: Mapping[int, TreeText],
    files: Mapping[int, int],
    settings: ContrastSettings,
    say: Callable[[str], None],
) -> list[float]:
    """Train in place on questions with the texts of their goals; `files` are those of the premises.

    `say` gets a line for people now and then.  Returns the loss of every step.
    """
    chance = np.random.default_rng(settings.seed)
    steps = max(1, settings.epochs * (len(asked) // settings.batch))
    optimiser = torch.optim.AdamW(encoder.parameters(), lr=settings.learning_rate)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.02, steps)
    contrasts = Contrasts(files, settings.hard)
    uses = Counter(number for question in asked for number in question.used)
    device = encoder.word_weights.device
    random = torch.Generator().manual_seed(settings.seed)
    thinning = Thinning(settings.thinning, random) if settings.thinning else None
    losses: list[float] = []
    encoder.train()
    while len(losses) < steps:
        order = chance.permutation(len(asked))
        for start in range(0, max(len(asked) - settings.batch, 0) + 1, settings.batch):
            places = order[start : start + settings.batch].tolist()
            chosen = contrasts.of([asked[place] for place in places], chance)
            same = [[number in asked[place].used for number in chosen] for place in places]
            lowered = [settings.frequency * math.log(max(1, uses[number])) for number in chosen]
            loss = contrast(
                encoder([goals[place] for place in places], thinning),
                encoder([premises[number] for number in chosen], thinning),
                torch.tensor(same, device=device),
                torch.tensor(lowered, device=device),
                settings.temperature,
            )
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
            schedule.step()
            losses.append(float(loss.detach()))
            if len(losses) % TOLD == 0:
                say(f"step {len(losses):,} of {steps:,}: loss {np.mean(losses[-TOLD:]):.3f}")
            if len(losses) == steps:
                break
    return losses


def nearest(
    asked: Sequence[Question], goals: NDArray[np.float32], numbers: NDArray[np.int64], rows: NDArray[np.float32], k: int
) -> list[list[int]]:
    """For each question the `k` nearest usable premises; `numbers` (n), ascending, are those of the premises with the
    vectors `rows` (n, O), `goals` those of the questions.
    """
    found = []
    for question, goal in zip(asked, goals, strict=True):
        usable = question.usable[np.isin(question.usable, numbers)]
        products = rows[np.searchsorted(numbers, usable)] @ goal
        found.append(usable[np.argsort(-products, kind="stable")[:k]].tolist())
    return found


def recalls(asked: Sequence[Question], found: Sequence[Sequence[int]], k: int) -> list[float]:
    """For each question the share of its premises among the first `k` that were found."""
    return [
        len(set(best[:k]) & set(question.used)) / len(question.used)
        for question, best in zip(asked, found, strict=True)
    ]
