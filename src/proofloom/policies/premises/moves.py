"""Applies and rewrites with lemmas that a retriever finds for the goal.

Which move is worth a try is read from the claim of the lemma: an equation can rewrite, a claim with the head of the
conclusion can be applied, one that is about a hypothesis can be applied there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from proofloom.policies.dialect import ROCQ, Dialect
from proofloom.policies.policy import Query
from proofloom.policies.printed.goal_shape import Connective, connective, names, target
from proofloom.proofs import Candidate, Goal
from proofloom.retrieval.retriever import Retriever

KINDS = frozenset({"theorem", "axiom", "instance", "constructor", "projection"})
"""What can be applied; definitions are for unfolding."""

_STATEMENT = re.compile(r"(?:#\[[^\]]*\] ?)?(?:[A-Z]\w* )*(?P<name>[^\W\d][\w']*) ?(?P<rest>.*)", re.DOTALL)
_OPENING, _CLOSING = "([{⦃", ")]}⦄"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a lemma says after its quantifiers and premises."""

    head: str
    kind: Connective
    conditional: bool


class PremiseMoves:
    """The policy over one retriever; `call` gives the name by which a premise can be called at a theorem."""

    name = "premises"

    def __init__(
        self, retriever: Retriever, call: Callable[[str, Query], str], premises: int = 20, dialect: Dialect = ROCQ
    ) -> None:
        self._retriever = retriever
        self._call = call
        self._most = premises
        self._dialect = dialect

    def suggest(self, queries: Sequence[Query], n: int) -> list[list[Candidate]]:
        """For each query at most `n` candidates, best first; scores are a tactic's own and not normalised."""
        return [self._answer(query, n) for query in queries]

    def _answer(self, query: Query, n: int) -> list[Candidate]:
        best: dict[str, float] = {}
        if query.state.goals:
            goal = query.state.goals[0]
            for rank, found in enumerate(self._retriever.premises(query.state, query.theorem, self._most)):
                if found.premise.kind in KINDS:
                    name = self._call(found.premise.full_name, query)
                    for cost, move in _moves(claim_of(found.premise.statement), goal, self._dialect):
                        best.setdefault(move.format(name), -2.3 - 0.12 * rank - cost)
        ranked = sorted(best.items(), key=lambda item: -item[1])
        return [Candidate(tactic, score) for tactic, score in ranked[:n]]


def _moves(claim: Claim, goal: Goal, dialect: Dialect) -> Iterator[tuple[float, str]]:
    """Costs and moves, the cheapest of each kind first."""
    conclusion = target(goal.conclusion)
    heads = set(names(conclusion))
    if claim.kind in (Connective.EQUAL, Connective.IFF):
        yield 0.0, dialect.rewrite
        yield 0.9, dialect.back
        if connective(conclusion) is claim.kind:
            yield 0.3, dialect.apply
        if claim.kind is Connective.IFF:
            yield 0.4, dialect.apply
    elif connective(conclusion) is claim.kind and (claim.kind is not Connective.ATOM or claim.head in heads):
        yield 0.0, dialect.apply
        if claim.conditional:
            yield 0.6, dialect.conditional


@lru_cache(maxsize=65536)
def claim_of(statement: str) -> Claim:
    """The claim of `Lemma name (x : A) : forall y, P -> Q`, or of `name : forall ...`."""
    match = _STATEMENT.match(statement)
    rest = " ".join((match["rest"] if match else statement).removesuffix(".").split())
    depth = 0
    for position, character in enumerate(rest):
        depth += (character in _OPENING) - (character in _CLOSING)
        if character == ":" and depth == 0 and rest[position : position + 2] != ":=":
            rest = rest[position + 1 :]
            break
    said = target(rest)
    return Claim(next(iter(names(said)), ""), connective(said), said.strip() != rest.strip())
