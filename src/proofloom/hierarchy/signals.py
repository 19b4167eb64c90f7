"""Signals of the trade as trees over tokens: proof states, files of theorems, texts, records and sets.

Every builder takes a text and where each of its tokens starts and ends (what a fast tokenizer reports), and gives the
tree of that text; `NestedSignal.of` makes the batch.  The one idea: a tree groups tokens and never moves them, so its
leaves, read from left to right, are the tokens of the text in order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby

from proofloom.hierarchy.levels import OUTSIDE, Level, Span
from proofloom.hierarchy.nested import Branch, Domain, Kind, Tree
from proofloom.hierarchy.tokens import LevelledText

Offsets = Sequence[tuple[int, int]]

TOKENS = Domain("tokens")
STATE = Domain("state")
GOAL = Domain("goal", Kind.RECORD, ("case", "declarations", "conclusion"))
DECLARATIONS = Domain("declarations")
FILE = Domain("file")
THEOREM = Domain("theorem", Kind.RECORD, ("name", "statement"))
PARAGRAPHS = Domain("paragraphs")
SENTENCES = Domain("sentences")
DOMAINS = tuple(domain.name for domain in (TOKENS, STATE, GOAL, DECLARATIONS, FILE, THEOREM, PARAGRAPHS, SENTENCES))
"""The names of all domains of this module; what a layer that reads its trees has to know."""

_PARAGRAPH = re.compile(r"\n\s*\n")
_SENTENCE = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9])")
_FIELDS = {Level.CASE: "case", Level.TYPE: "declarations", Level.INSTANCE: "declarations", Level.GOAL: "conclusion"}


def state_tree(state: LevelledText, offsets: Offsets) -> Tree:
    """State, goals, {case, declarations, conclusion}, tokens: the tree of a proof state, or of a prompt that holds one.

    A declaration is a family of its own with its continuation lines.  Tokens between goals (and the marker of a prompt)
    are members of the state; tokens of no characters and tokens outside the state are no leaves.  Raises `ValueError`
    if there is no token of the state.
    """
    spans = state.token_spans(offsets)
    inside = [(token, span) for token, span in enumerate(spans) if span is not None and span.level != OUTSIDE]
    if not inside:
        raise ValueError(f"no token of {state.text[:40]!r} is inside the state: wanted at least one")
    members: list[Tree] = []
    for goal, run in groupby(inside, key=lambda one: None if one[1].level == Level.CONTEXT else one[1].goal):
        tokens = list(run)
        members.extend([token for token, _ in tokens] if goal is None else [_goal(tokens)])
    return Branch(STATE, tuple(members))


def _goal(tokens: list[tuple[int, Span]]) -> Branch:
    children: list[Tree] = []
    keys: list[str] = []
    for name, run in groupby(tokens, key=lambda one: _FIELDS[Level(one[1].level)]):
        lines = tuple(
            Branch(TOKENS, tuple(token for token, _ in line)) for _, line in groupby(run, key=lambda one: one[1])
        )
        made = [Branch(DECLARATIONS, lines)] if name == "declarations" else lines
        children.extend(made)
        keys.extend([name] * len(made))
    return Branch(GOAL, tuple(children), tuple(keys))


def record(domain: Domain, fields: Mapping[str, Tree]) -> Branch:
    """The fields of a record, told apart by their names; they keep the order in which they are given."""
    return Branch(domain, tuple(fields.values()), tuple(fields))


def unordered(name: str, members: Iterable[Tree]) -> Branch:
    """A set: members that have no order."""
    return Branch(Domain(name, Kind.SET), tuple(members))


def file_tree(theorems: Iterable[tuple[Sequence[int], Sequence[int]]]) -> Tree:
    """File, theorems, {name, statement}, tokens: from the tokens of each theorem's name and of its statement.

    A theorem without one of them has only the other; raises `ValueError` for one that has neither.
    """
    members = []
    for number, parts in enumerate(theorems):
        fields = {key: Branch(TOKENS, tuple(part)) for key, part in zip(THEOREM.keys, parts, strict=True) if len(part)}
        if not fields:
            raise ValueError(f"theorem {number} has no tokens: wanted a name or a statement")
        members.append(record(THEOREM, fields))
    return Branch(FILE, tuple(members))


def text_tree(text: str, offsets: Offsets) -> Tree:
    """Paragraphs, sentences, tokens: paragraphs end at empty lines, sentences at a stop before a capital or a number.

    Raises `ValueError` for a text without tokens.
    """
    tokens = [token for token, (start, end) in enumerate(offsets) if end > start]
    if not tokens:
        raise ValueError(f"no token in {text[:40]!r}: wanted at least one")
    paragraph, sentence = _part_of(_PARAGRAPH, text), _part_of(_SENTENCE, text)

    def starts(token: int) -> int:
        return offsets[token][0]

    return Branch(
        PARAGRAPHS,
        tuple(
            Branch(
                SENTENCES, tuple(Branch(TOKENS, tuple(run)) for _, run in groupby(part, lambda t: sentence(starts(t))))
            )
            for _, part in groupby(tokens, lambda t: paragraph(starts(t)))
        ),
    )


def _part_of(separator: re.Pattern[str], text: str) -> Callable[[int], int]:
    """The number of the part of `text` in which a character stands; a separator belongs to the part before it."""
    parts = [0] * (len(text) + 1)
    for match in separator.finditer(text):
        parts[match.end()] = 1
    total = 0
    for place, step in enumerate(parts):
        total += step
        parts[place] = total
    return parts.__getitem__
