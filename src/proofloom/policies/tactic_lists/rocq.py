"""A weighted list of Rocq tactics, made concrete from the goal: the policy that needs no training.

Closing tactics come first with scores near 0, so that a new state is tried for an easy end before the search goes
elsewhere; steps that change the goal follow, cheaper for those that lose nothing.  It is the baseline that a model has
to beat, and the default until one exists.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from proofloom.policies.policy import Query
from proofloom.policies.printed.goal_shape import Connective, connective, head, names, stripped, target
from proofloom.policies.tactic_lists.arithmetic import arithmetic_moves
from proofloom.policies.tactic_lists.file_lemmas import FileLemmas
from proofloom.proofs import Candidate, Goal, Theorem

Scored = tuple[float, str]

CLOSERS: tuple[Scored, ...] = (
    (-0.02, "easy"),
    (-0.05, "auto"),
    (-0.3, "congruence"),
    (-0.3, "lia"),
    (-0.4, "ring"),
    (-0.5, "lra"),
    (-0.8, "eauto"),
    (-1.2, "intuition auto"),
    (-2.0, "auto with *"),
    (-2.8, "intuition (auto with *)"),
    (-3.0, "field; auto"),
    (-4.0, "firstorder auto"),
    (-3.5, "nra"),
    (-3.5, "nia"),
    (-4.5, "eauto 8 with *"),
)
"""Tactics that end a goal or leave it as it was (`intuition` may also leave simpler goals)."""

_HAMMER: tuple[Scored, ...] = ((-1.6, "sauto"), (-2.2, "hauto"))
"""Closers for files that load CoqHammer's tactics."""

_BOOLEAN_CASES = "repeat match goal with b : bool |- _ => destruct b end; simpl in *; easy"
_MATCHED = "match goal with |- context [match ?x with _ => _ end] => destruct x eqn:? end"
_MATCHED_IN = "match goal with _ : context [match ?x with _ => _ end] |- _ => destruct x eqn:? end"
_DATA = frozenset(
    [
        "bool",
        "nat",
        "list",
        "option",
        "positive",
        "N",
        "Z",
        "comparison",
        "prod",
        "sum",
        "unit",
        "Empty_set",
        "sumbool",
        "sig",
        "tree",
    ]
)
_NUMBERS = frozenset({"nat", "Z", "N", "R", "Q", "positive"})
_MOST_HYPOTHESES = 12
_MOST_LEMMAS = 12


@dataclass(frozen=True, slots=True)
class _Local:
    """One local name with what its type looks like."""

    name: str
    type: str
    kind: Connective
    claim: str
    claim_kind: Connective


class TacticList:
    """The fixed list.  Scores stand for log-probabilities but are not normalised: each is a tactic's own."""

    name = "list"

    def __init__(self) -> None:
        self._lemmas: tuple[Theorem, FileLemmas] | None = None

    def suggest(self, queries: Sequence[Query], n: int) -> list[list[Candidate]]:
        """For each query at most `n` candidates, best first."""
        return [self._candidates(query, n) for query in queries]

    def _candidates(self, query: Query, n: int) -> list[Candidate]:
        if not query.state.goals:
            return []
        goal = query.state.goals[0]
        best: dict[str, float] = {}
        for score, tactic in self._moves(goal, query.theorem):
            if score > best.get(tactic, -1e9):
                best[tactic] = score
        ranked = sorted(best.items(), key=lambda item: -item[1])
        return [Candidate(tactic, score) for tactic, score in ranked[:n]]

    def _moves(self, goal: Goal, theorem: Theorem) -> Iterator[Scored]:
        local = list(_locals(goal))
        yield from CLOSERS
        if "Hammer" in theorem.before:
            yield from _HAMMER
        yield from _on_conclusion(goal)
        yield from _on_data(goal, local)
        yield from _on_hypotheses(goal, local)
        yield from arithmetic_moves(goal)
        yield from self._on_lemmas(goal, theorem, local)

    def _on_lemmas(self, goal: Goal, theorem: Theorem, local: Sequence[_Local]) -> Iterator[Scored]:
        """Lemmas and definitions of the same file that share names with the goal."""
        if self._lemmas is None or self._lemmas[0] is not theorem:
            self._lemmas = theorem, FileLemmas(theorem)
        known = self._lemmas[1]
        claim_names = set(names(target(goal.conclusion)))
        for rank, lemma in enumerate(known.ranked(goal, _MOST_LEMMAS)):
            cost = -2.2 - 0.12 * rank
            if lemma.conclusion_head <= claim_names or not lemma.equation:
                yield cost, f"apply {lemma.name}"
                yield cost - 0.4, f"eapply {lemma.name}; eauto"
            if lemma.equation:
                yield cost + 0.1, f"rewrite {lemma.name}"
                yield cost - 0.9, f"rewrite <- {lemma.name}"
        for name in claim_names & known.definitions:
            yield -2.2, f"unfold {name}"
            yield -2.8, f"unfold {name} in *"


def _locals(goal: Goal) -> Iterator[_Local]:
    for hypothesis in reversed(goal.hypotheses):
        kind = connective(hypothesis.type)
        claim = target(hypothesis.type)
        for name in hypothesis.names:
            yield _Local(name, stripped(hypothesis.type), kind, claim, connective(claim))


def _on_conclusion(goal: Goal) -> Iterator[Scored]:
    """What the leading connective of the conclusion asks for."""
    conclusion = goal.conclusion
    kind = connective(conclusion)
    if kind in (Connective.FORALL, Connective.IMPLIES, Connective.NOT, Connective.DIFFERENT):
        yield -0.6, "intros"
        yield -2.0, "intro"
        if kind is Connective.FORALL:
            for rank, name in enumerate(_quantified(conclusion)):
                yield -2.0 - 0.3 * rank, f"induction {name}"
                yield -2.6 - 0.3 * rank, f"destruct {name}"
    elif kind in (Connective.AND, Connective.IFF):
        yield -0.6, "split"
    elif kind in (Connective.OR, Connective.SUM):
        yield -1.6, "left"
        yield -1.6, "right"
    elif kind is Connective.EXISTS:
        yield -2.2, "eexists"
        yield -2.4, "eexists; split"
    elif kind is Connective.EQUAL:
        yield -2.0, "f_equal"
        yield -3.6, "symmetry"
    else:
        yield -2.0, "constructor"
        yield -2.8, "econstructor"
    yield -1.0, "simpl"
    yield -2.0, "simpl in *"
    if "match " in conclusion or "if " in conclusion:
        yield -1.4, _MATCHED
    if any("match " in item.type or "if " in item.type for item in goal.hypotheses):
        yield -2.0, _MATCHED_IN
    yield -3.2, "exfalso"
    yield -2.4, "red"
    yield -2.6, "subst"
    claim = names(target(conclusion))
    for rank, name in enumerate(claim[:5]):
        if name not in goal.names:
            yield -2.8 - 0.3 * rank, f"unfold {name}"
            yield -3.4 - 0.3 * rank, f"unfold {name} in *"
    yield -3.6, "hnf"


def _quantified(conclusion: str) -> list[str]:
    """The names bound by the leading `forall`, at most four."""
    bound = stripped(conclusion).removeprefix("forall ").partition(", ")[0]
    if bound.startswith("("):
        groups = [group.partition(" : ")[0] for group in bound.strip("()").split(") (")]
        return " ".join(groups).split()[:4]
    return bound.partition(" : ")[0].split()[:4]


def _on_data(goal: Goal, local: Sequence[_Local]) -> Iterator[Scored]:
    """Case analysis and induction on local data."""
    wanted = set(names(goal.conclusion))
    booleans = 0
    rank = 0
    again = 1.5 if any(item.name.startswith("IH") for item in local) else 0.0
    for item in local:
        kind = head(item.type)
        if kind == "bool":
            booleans += 1
            yield -1.2 - 0.1 * booleans, f"destruct {item.name}"
        elif kind in _DATA or (item.kind is Connective.ATOM and item.name in wanted and kind not in _SORTS):
            far = 0.0 if item.name in wanted else 0.8
            yield -2.0 - 0.25 * rank - far, f"destruct {item.name}"
            yield -1.9 - 0.25 * rank - far - again, f"induction {item.name}"
            rank += 1
    if booleans:
        yield -0.7, _BOOLEAN_CASES


_SORTS = frozenset({"R", "Type", "Set", "Prop", "Q"})


def _on_hypotheses(goal: Goal, local: Sequence[_Local]) -> Iterator[Scored]:
    """Each hypothesis taken apart, applied, or rewritten with."""
    claims = [item for item in local if _is_claim(item)][:_MOST_HYPOTHESES]
    for rank, item in enumerate(claims):
        age = 0.12 * rank
        name = item.name
        if item.kind in (Connective.AND, Connective.EXISTS, Connective.IFF):
            yield -0.8 - age, f"destruct {name}"
        elif item.kind in (Connective.OR, Connective.SUM):
            yield -1.3 - age, f"destruct {name}"
        elif item.kind in (Connective.ATOM, Connective.RELATION):
            yield -2.4 - age, f"inversion {name}; subst"
            yield -2.6 - age, f"destruct {name}"
            yield -2.6 - age, f"induction {name}"
        if item.kind in (Connective.FORALL, Connective.IMPLIES, Connective.NOT):
            yield -1.8 - age, f"apply {name}"
            yield -2.2 - age, f"eapply {name}; eauto"
            yield -2.8 - age, f"edestruct {name}; eauto"
        if item.claim_kind in (Connective.EQUAL, Connective.IFF):
            yield (-1.0 if name.startswith("IH") else -1.5 - age), f"rewrite {name}"
            yield -2.3 - age, f"rewrite <- {name}"
            yield -3.0 - age, f"rewrite {name} in *"
        if item.kind is Connective.EQUAL:
            yield -2.3 - age, f"inversion {name}; subst"
        for other in claims[:6]:
            if other is not item and item.kind in (Connective.FORALL, Connective.IMPLIES):
                yield -3.0 - age, f"apply {name} in {other.name}"


def _is_claim(item: _Local) -> bool:
    """True unless the local name is plain data or a type."""
    if item.kind is Connective.ATOM:
        return " " in item.type and head(item.type) not in _DATA and not item.type.endswith(("Type", "Set", "Prop"))
    return not item.claim.endswith(("Type", "Set")) and item.claim not in _NUMBERS
