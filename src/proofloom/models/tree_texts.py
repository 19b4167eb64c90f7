"""Goals and premises as tokens with trees, for encoders that read trees: the same in training and in search."""

from __future__ import annotations

from collections.abc import Sequence

from transformers import PreTrainedTokenizerBase

from proofloom.corpus.entries import PremiseEntry
from proofloom.hierarchy import levelled_state
from proofloom.hierarchy.nested import Branch, Tree
from proofloom.hierarchy.signals import GOAL, THEOREM, TOKENS, record, state_tree
from proofloom.models.tree_encoder import TreeText
from proofloom.proofs import Goal, ProofState

LONGEST = 256
"""Tokens of a state or a statement, at most: of a state the last ones stay, which hold the conclusion."""
FIELDS = ("", *GOAL.keys, *THEOREM.keys)
"""The fields that a token may stand in; the first is none."""


def goal_texts(tokenizer: PreTrainedTokenizerBase, goals: Sequence[Goal]) -> list[TreeText]:
    """Goals as states with their trees."""
    states = [levelled_state(ProofState((goal,))) for goal in goals]
    found = []
    for state, (tokens, offsets) in zip(states, _tokens(tokenizer, [one.text for one in states]), strict=True):
        found.append(_text(tokens[-LONGEST:], state_tree(state, offsets[-LONGEST:])))
    return found


def premise_texts(tokenizer: PreTrainedTokenizerBase, premises: Sequence[PremiseEntry]) -> list[TreeText]:
    """Premises as records of a name (its last two parts) and a statement."""
    names = _tokens(tokenizer, [".".join(premise.full_name.split(".")[-2:]) for premise in premises])
    statements = _tokens(tokenizer, [premise.statement or "?" for premise in premises])
    found = []
    for (name, _), (whole, _) in zip(names, statements, strict=True):
        statement = whole[:LONGEST]
        parts = (range(len(name)), range(len(name), len(name) + len(statement)))
        fields = {key: Branch(TOKENS, tuple(part)) for key, part in zip(THEOREM.keys, parts, strict=True)}
        found.append(_text((*name, *statement), record(THEOREM, fields)))
    return found


def _text(tokens: tuple[int, ...], tree: Tree) -> TreeText:
    """With the field of each token: the nearest record above it says which."""
    fields = [0] * len(tokens)

    def walk(node: Tree, field: int) -> None:
        if isinstance(node, Branch):
            keys = node.keys or (None,) * len(node.children)
            for child, key in zip(node.children, keys, strict=True):
                walk(child, field if key is None else FIELDS.index(key))
        elif isinstance(node, int):
            fields[node] = field

    walk(tree, 0)
    return TreeText(tokens, tree, tuple(fields))


def _tokens(
    tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]
) -> list[tuple[tuple[int, ...], list[tuple[int, int]]]]:
    if not texts:
        return []
    options = {"add_special_tokens": False, "split_special_tokens": True, "return_offsets_mapping": True}
    encoded = tokenizer(list(texts), verbose=False, **options)
    return [(tuple(ids), pairs) for ids, pairs in zip(encoded["input_ids"], encoded["offset_mapping"], strict=True)]
