"""Tactics for goals about numbers: instances of equations, products, division, absolute values, squares.

Decision procedures stop at what they were not told, so each move here tells them one thing more and lets them finish:
it either closes the goal or leaves no trace.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from proofloom.policies.printed.goal_shape import Connective, connective, names, stripped, target
from proofloom.proofs import Goal

Scored = tuple[float, str]

_SIGNS = re.compile(r" [-+*/<>^]=? | mod |\bZ\.|\bNat\.|Rabs|sqrt|INR|IZR|\^|%")
_REAL = re.compile(r"\bR\b|Rabs|sqrt|INR|IZR|\bPI\b|/ ")
_NUMERAL = re.compile(r"(?<![\w.])\d+(?![\w.])")
_REAL_FINISH = "first [lra | nra | field; lra | ring]"
_WHOLE_FINISH = "first [lia | nia | ring]"
_CASES_OF_RABS = (
    "unfold Rabs in *; repeat match goal with "
    "|- context [Rcase_abs ?x] => destruct (Rcase_abs x) "
    "| _ : context [Rcase_abs ?x] |- _ => destruct (Rcase_abs x) end"
)
_MOST_VARIABLES = 4
_MOST_EQUATIONS = 4


def arithmetic_moves(goal: Goal) -> Iterator[Scored]:
    """Scored tactics for the goal; none if it does not speak of numbers."""
    everything = goal.conclusion + " ; " + " ; ".join(item.type for item in goal.hypotheses)
    if _SIGNS.search(everything) is None:
        return
    conclusion = connective(goal.conclusion)
    if conclusion in (Connective.FORALL, Connective.IMPLIES):
        return
    real = _REAL.search(everything) is not None
    finish = _REAL_FINISH if real else _WHOLE_FINISH
    yield from _computing(goal, everything, finish, real)
    yield from _instances(goal, finish)
    yield from _squares(goal, real)
    if conclusion is Connective.EXISTS:
        yield from _witnesses(goal, everything)


def _computing(goal: Goal, everything: str, finish: str, real: bool) -> Iterator[Scored]:
    """Evaluate, unfold or normalise, then finish."""
    yield -1.4, "vm_compute; easy"
    yield -1.2, f"simpl in *; {finish}"
    yield -1.3, f"subst; {finish}"
    if real:
        yield -2.0, "field_simplify; lra"
        yield -2.4, "field_simplify_eq; nra"
        if "Rabs" in everything:
            yield -1.0, f"{_CASES_OF_RABS}; {finish}"
        if "Rsqr" in everything:
            yield -1.4, f"unfold Rsqr in *; {finish}"
        if "sqrt" in everything:
            yield from _roots(everything)
        yield from _denominators(goal)
    if "mod" in everything or "/" in everything or "divide" in everything or "( " in everything or "Z." in everything:
        yield -1.2, "zify; Z.to_euclidean_division_equations; lia"
        yield -2.2, "zify; Z.to_euclidean_division_equations; nia"
    for variable in _variables(goal, ("nat", "Z"))[:2]:
        yield -2.6, f"induction {variable}; simpl in *; {finish}"


def _roots(everything: str) -> Iterator[Scored]:
    for inner in dict.fromkeys(re.findall(r"sqrt (\d+|[a-z]\w*|\([^()]*\))", everything)):
        facts = f"pose proof (sqrt_pos {inner}); assert (0 <= {inner})%R by nra; pose proof (sqrt_sqrt {inner})"
        yield -1.8, f"{facts}; nra"


def _denominators(goal: Goal) -> Iterator[Scored]:
    """Clear divisions in hypotheses: multiply out by field, given that the denominators are not 0."""
    equations = [
        name
        for item in goal.hypotheses
        if connective(item.type) in (Connective.EQUAL, Connective.RELATION) and "/" in item.type
        for name in item.names
    ]
    for name in equations[:_MOST_EQUATIONS]:
        yield -2.2, f"field_simplify_eq in {name}; [nra | lra ..]"
        yield -2.4, f"field_simplify in {name}; nra"


def _instances(goal: Goal, finish: str) -> Iterator[Scored]:
    """Quantified hypotheses at the arguments and numerals that occur, singly and all at once."""
    quantified = [
        name for item in goal.hypotheses if connective(item.type) is Connective.FORALL for name in item.names
    ][:_MOST_EQUATIONS]
    if not quantified:
        return
    plain_text = (
        goal.conclusion
        + " "
        + " ".join(item.type for item in goal.hypotheses if connective(item.type) is not Connective.FORALL)
    )
    numerals = list(dict.fromkeys(_NUMERAL.findall(plain_text)))[:4]
    small = list(dict.fromkeys([*numerals, "0", "1", "2"]))
    rewriting = "; ".join(f"rewrite ?{name} in *" for name in quantified)
    yield -1.2, f"repeat match goal with H : forall _, _ = _ |- _ => rewrite H in *; clear H end; {finish}"
    yield -1.4, f"{rewriting}; {finish}"
    for name in quantified:
        points = "; ".join(f"pose proof ({name} {point})" for point in small[:3])
        yield -1.8, f"{points}; {finish}"
        yield -2.0, f"pose proof ({name} 0); pose proof ({name} 1); pose proof ({name} (-1)); {finish}"
        for number in numerals:
            yield -2.4, f"specialize ({name} {number}); {finish}"
            yield -3.0, f"specialize ({name} {number})"


def _squares(goal: Goal, real: bool) -> Iterator[Scored]:
    """Squares of differences and sums of variables, which are not negative."""
    if connective(goal.conclusion) is not Connective.RELATION:
        return
    variables = _variables(goal, ("R",) if real else ("Z",))[:_MOST_VARIABLES]
    lemma, finish = ("pow2_ge_0", "nra") if real else ("Z.square_nonneg", "nia")
    pairs = [(x, y) for i, x in enumerate(variables) for y in variables[i + 1 :]]
    facts = [f"({x} - {y})" for x, y in pairs] + [f"({x} + {y})" for x, y in pairs]
    facts += [f"({x} - {k})" for x in variables for k in (1, 2)]
    for cut, cost in ((len(pairs), -1.6), (len(facts), -2.2)):
        if facts[:cut]:
            told = "; ".join(f"pose proof ({lemma} {fact})" for fact in facts[: min(cut, 10)])
            yield cost, f"{told}; {finish}"


def _witnesses(goal: Goal, everything: str) -> Iterator[Scored]:
    """Numbers and local names that may be the one asked for."""
    numerals = list(dict.fromkeys(_NUMERAL.findall(everything)))[:4]
    for rank, witness in enumerate(dict.fromkeys([*numerals, "0", "1", "2", "3"])):
        yield -2.2 - 0.15 * rank, f"exists {witness}"
    wanted = set(names(target(goal.conclusion)))
    for rank, name in enumerate(reversed(goal.names)):
        if name in wanted and rank < 6:
            yield -2.6, f"exists {name}"


def _variables(goal: Goal, types: tuple[str, ...]) -> list[str]:
    return [name for item in goal.hypotheses if stripped(item.type) in types for name in item.names]
