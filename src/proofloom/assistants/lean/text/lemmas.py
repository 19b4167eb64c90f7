"""Theorems that stand in a file before the one to be proved, ranked by what they share with a goal.

It needs no index: everything it offers is stated in the same file above, is proved there, and is called by the shortest
name that is surely understood.  A theorem with a hole is left out, because nothing may rest on it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from proofloom.assistants.lean.text.lexing import Kind, LexingError, Token, code
from proofloom.assistants.lean.text.outline import Command, commands
from proofloom.assistants.lean.text.tactics import HOLES

_STATED = frozenset(("theorem", "lemma"))
_OPERATORS = frozenset("+-*/^∧∨¬↔∃∣≤<≥>≠∈∉∪∩⊆∘%")
_EQUATION = frozenset("=↔")


@dataclass(frozen=True, slots=True)
class Lemma:
    """A theorem of the file: what it is called, the words and operators of its statement, whether it can rewrite."""

    name: str
    words: frozenset[str]
    equation: bool


class FileLemmas:
    """The theorems in `text`, a file up to a theorem, with the weight of each word (rare ones weigh more)."""

    def __init__(self, text: str) -> None:
        try:
            found = commands(text)
        except LexingError:
            found = ()
        self.lemmas = tuple(_lemmas(found))
        counts = Counter(word for lemma in self.lemmas for word in lemma.words)
        self._weight = {word: math.log((len(self.lemmas) + 1) / count) + 0.1 for word, count in counts.items()}

    def ranked(self, conclusion: str, most: int) -> list[Lemma]:
        """At most `most` lemmas that share words with a conclusion: the closest first, of equals the last."""
        try:
            wanted = _words(tuple(code(conclusion)))
        except LexingError:
            return []
        scored = [
            (sum(self._weight[word] for word in lemma.words & wanted), number)
            for number, lemma in enumerate(self.lemmas)
        ]
        best = sorted((item for item in scored if item[0] > 0), reverse=True)
        return [self.lemmas[number] for _, number in best[:most]]


def _lemmas(found: Sequence[Command]) -> Iterator[Lemma]:
    inside = _namespaces(found)
    for command in found:
        if command.keyword not in _STATED or not command.name or command.mutual:
            continue
        words = [token.text for token in command.tokens]
        if not HOLES.isdisjoint(words) or "private" in words[:6]:
            continue
        stated = command.tokens[: words.index(":=") if ":=" in words else None]
        after_name = next(n for n, token in enumerate(stated) if token.text == command.name) + 1
        statement = stated[after_name:]
        name = command.path.removeprefix(f"{inside}.") if inside else command.path
        yield Lemma(name, _words(statement), any(token.text in _EQUATION for token in statement))


def _namespaces(found: Sequence[Command]) -> str:
    """The namespace that is open at the end."""
    spaces: list[str | None] = []
    for command in found:
        parts = command.name.split(".") if command.name else [""]
        if command.keyword == "namespace":
            spaces += parts
        elif command.keyword in ("section", "mutual"):
            spaces += [None] * len(parts)
        elif command.keyword == "end":
            del spaces[-len(parts) :]
    return ".".join(part for part in spaces if part)


def _words(tokens: Sequence[Token]) -> frozenset[str]:
    """The names (of more than one letter) and the operators in a statement."""
    names = {token.text for token in tokens if token.kind is Kind.WORD and len(token.text) > 1}
    return frozenset(names | {token.text for token in tokens if token.text in _OPERATORS})
