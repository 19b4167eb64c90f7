"""Premises for a goal by learned vectors: a tree encoder of states and statements, trained by contrast.

A goal and a premise that a human used there are to have a large product, a goal and the premises of the other goals in
the batch a small one.  Which premises a theorem may use is asked of the library, and recall counts only those.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from proofloom.corpus.entries import PremiseEntry
from proofloom.corpus.library import Library
from proofloom.hierarchy import levelled_state
from proofloom.hierarchy.nested import Branch
from proofloom.hierarchy.signals import THEOREM, TOKENS, record, state_tree
from proofloom.proofs import Goal, ProofState
from proofloom.proofs.state import StateSyntaxError
from proofloom.training.tree_encoder import TreeEncoder, TreeText

LONGEST = 256
"""Tokens of a state or a statement, at most; the rest is cut off, for every arm alike."""


@dataclass(frozen=True, slots=True)
class Question:
    """The first goal of a step, the numbers of the premises that the step used, and those that it might have used."""

    goal: Goal
    used: tuple[int, ...]
    usable: NDArray[np.int64]
    theorem: int


@dataclass(frozen=True, slots=True)
class ContrastSettings:
    """How an encoder is trained: pairs of a batch, passes over the questions, and the divisor of the products."""

    batch: int = 64
    epochs: int = 3
    learning_rate: float = 1e-3
    temperature: float = 0.05
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


def goal_texts(tokenizer: PreTrainedTokenizerBase, goals: Sequence[Goal]) -> list[TreeText]:
    """Goals as states with their trees."""
    states = [levelled_state(ProofState((goal,))) for goal in goals]
    found = []
    for state, (tokens, offsets) in zip(states, _tokens(tokenizer, [one.text for one in states]), strict=True):
        found.append(TreeText(tokens, state_tree(state, offsets)))
    return found


def premise_texts(tokenizer: PreTrainedTokenizerBase, premises: Sequence[PremiseEntry]) -> list[TreeText]:
    """Premises as records of a name (its last two parts) and a statement."""
    names = _tokens(tokenizer, [".".join(premise.full_name.split(".")[-2:]) for premise in premises])
    statements = _tokens(tokenizer, [premise.statement or "?" for premise in premises])
    found = []
    for (name, _), (statement, _) in zip(names, statements, strict=True):
        parts = (range(len(name)), range(len(name), len(name) + len(statement)))
        fields = {key: Branch(TOKENS, tuple(part)) for key, part in zip(THEOREM.keys, parts, strict=True)}
        found.append(TreeText((*name, *statement), record(THEOREM, fields)))
    return found


def _tokens(
    tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]
) -> list[tuple[tuple[int, ...], list[tuple[int, int]]]]:
    if not texts:
        return []
    options = {"add_special_tokens": False, "split_special_tokens": True, "return_offsets_mapping": True}
    encoded = tokenizer(list(texts), truncation=True, max_length=LONGEST, **options)
    return [(tuple(ids), pairs) for ids, pairs in zip(encoded["input_ids"], encoded["offset_mapping"], strict=True)]


def contrast(goals: Tensor, premises: Tensor, same: Tensor, temperature: float) -> Tensor:
    """The mean loss, in nats, of telling the premise of each goal from the others of the batch, both of (B, O).

    `same` (B, B) is True where a goal used the premise of another goal too, which is then no counter-example.
    """
    products = nn.functional.normalize(goals, dim=-1) @ nn.functional.normalize(premises, dim=-1).T / temperature
    own = torch.eye(len(goals), dtype=torch.bool, device=goals.device)
    products = products.masked_fill(same & ~own, -torch.inf)
    return nn.functional.cross_entropy(products, torch.arange(len(goals), device=goals.device))


def train_encoder(
    encoder: TreeEncoder,
    asked: Sequence[Question],
    goals: Sequence[TreeText],
    premises: Mapping[int, TreeText],
    settings: ContrastSettings,
) -> list[float]:
    """Train in place on questions with the texts of their goals; the loss of every step."""
    chance = np.random.default_rng(settings.seed)
    steps = max(1, settings.epochs * (len(asked) // settings.batch))
    optimiser = torch.optim.AdamW(encoder.parameters(), lr=settings.learning_rate)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.02, steps)
    losses: list[float] = []
    encoder.train()
    while len(losses) < steps:
        order = chance.permutation(len(asked))
        for start in range(0, max(len(asked) - settings.batch, 0) + 1, settings.batch):
            places = order[start : start + settings.batch].tolist()
            chosen = [int(chance.choice(asked[place].used)) for place in places]
            same = torch.tensor(
                [[other in asked[place].used for other in chosen] for place in places],
                device=encoder.words.weight.device,
            )
            loss = contrast(
                encoder([goals[place] for place in places]),
                encoder([premises[number] for number in chosen]),
                same,
                settings.temperature,
            )
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
            schedule.step()
            losses.append(float(loss.detach()))
            if len(losses) == steps:
                break
    return losses


def vectors(encoder: TreeEncoder, texts: Sequence[TreeText], batch: int = 256) -> NDArray[np.float32]:
    """(n, O) of length 1; texts of similar length are encoded together."""
    encoder.eval()
    order = np.argsort([len(text.tokens) for text in texts], kind="stable")
    found: list[NDArray[np.float32]] = []
    with torch.inference_mode():
        for start in range(0, len(order), batch):
            rows = encoder([texts[place] for place in order[start : start + batch].tolist()])
            found.append(nn.functional.normalize(rows, dim=-1).cpu().numpy())
    return np.concatenate(found)[np.argsort(order, kind="stable")]


def recalls(
    asked: Sequence[Question], goals: NDArray[np.float32], numbers: NDArray[np.int64], rows: NDArray[np.float32], k: int
) -> list[float]:
    """For each question the share of its premises among the `k` nearest usable ones; `numbers` (n), ascending, are
    those of the premises with the vectors `rows` (n, O), `goals` those of the questions.
    """
    found = []
    for question, goal in zip(asked, goals, strict=True):
        usable = question.usable[np.isin(question.usable, numbers)]
        near = rows[np.searchsorted(numbers, usable)] @ goal
        best = usable[np.argsort(-near, kind="stable")[:k]]
        found.append(len(np.intersect1d(best, question.used)) / len(question.used))
    return found
