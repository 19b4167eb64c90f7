"""Lemmas that a file has already stated before the theorem, ranked by what they share with a goal.

A stand-in for premise retrieval that needs no index: it reads the source text before the theorem, so everything it
offers is in scope, and nothing that comes later is.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass

from proofloom.policies.printed.goal_shape import Connective, connective, names, target
from proofloom.proofs import Goal, Theorem

_STATEMENT = re.compile(
    r"^\s*(?:#\[[^\]]*\]\s*)?(?:Local\s+|Global\s+|Polymorphic\s+)*"
    r"(?:Theorem|Lemma|Fact|Remark|Corollary|Proposition|Property|Axiom|Hypothesis|Hint Resolve)\s+"
    r"(?P<name>[^\W\d][\w']*)\s*(?P<rest>.*?)\.(?=\s)(?P<after>\s*(?:Proof\b[^.]*\.\s*)?Admitted\.)?",
    re.MULTILINE | re.DOTALL,
)
_DEFINITION = re.compile(
    r"^\s*(?:Local\s+)?(?:Definition|Let|Fixpoint|Inductive)\s+(?P<name>[^\W\d][\w']*)", re.MULTILINE
)
_COMMENT = re.compile(r"\(\*.*?\*\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Lemma:
    """A statement of the file: its name, the names in it, and whether it can rewrite."""

    name: str
    names: frozenset[str]
    conclusion_head: frozenset[str]
    equation: bool


class FileLemmas:
    """The lemmas before one theorem, with the weight of each name (rare names weigh more)."""

    def __init__(self, theorem: Theorem) -> None:
        text = _COMMENT.sub(" ", theorem.before)
        found = {}
        for match in _STATEMENT.finditer(text):
            if match["after"] is None and match["name"] != theorem.name:
                found[match["name"]] = _lemma(match["name"], match["rest"])
        self.lemmas = tuple(found.values())
        self.definitions = frozenset(match["name"] for match in _DEFINITION.finditer(text))
        counts = Counter(name for lemma in self.lemmas for name in lemma.names)
        total = len(self.lemmas) + 1
        self._weight = {name: math.log(total / count) + 0.1 for name, count in counts.items()}

    def ranked(self, goal: Goal, most: int) -> list[Lemma]:
        """At most `most` lemmas that share names with the conclusion, the closest first."""
        wanted = set(names(goal.conclusion))
        scored = []
        for age, lemma in enumerate(reversed(self.lemmas)):
            shared = sum(self._weight.get(name, 0.0) for name in wanted & lemma.names)
            if shared > 0:
                own = sum(self._weight.get(name, 0.0) for name in lemma.names)
                scored.append((-(shared * shared) / (own + 1.0), age, lemma))
        scored.sort(key=lambda item: item[:2])
        return [lemma for _, _, lemma in scored[:most]]


def _lemma(name: str, rest: str) -> Lemma:
    binders, colon, statement = rest.partition(":")
    claim = target(" ".join((statement if colon else binders).split()))
    return Lemma(
        name,
        frozenset(names(rest)),
        frozenset(names(claim)[:1]),
        connective(claim) in (Connective.EQUAL, Connective.IFF),
    )
