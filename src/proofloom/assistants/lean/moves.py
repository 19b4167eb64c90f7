"""A fixed list of tactics for Lean, made concrete from the first goal: what a person would try without thinking.

Short tactics that close a goal come first, then what the shape of the conclusion asks for, then each hypothesis, last
first.  Tactics that a file does not import fail at once as unknown, so those of Mathlib may stand in the list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence

from proofloom.assistants.lean.text.lemmas import FileLemmas, Lemma
from proofloom.proofs import Goal, Hypothesis

_CLOSING = ("assumption", "rfl", "simp_all", "contradiction", "simp", "omega", "decide", "grind", "aesop")
_GROUP = re.compile(r"[({⦃\[]([^:(){}]*?) :")
_NAME = re.compile(r"[^\W\d][\w']*")
_NUMBERS = ("Nat", "ℕ")
_MOST_HYPOTHESES = 12
_MOST_LEMMAS = 6


def moves(goal: Goal, lemmas: Sequence[Lemma] = ()) -> Iterator[str]:
    """Tactics for `goal`, best first; a tactic may come twice.  `lemmas` may be of use, the likeliest first."""
    yield from _CLOSING
    equations = [lemma.name for lemma in lemmas if lemma.equation]
    if equations:
        yield f"simp_all [{', '.join(equations)}]"
    names = introduced(goal)
    if names:
        yield f"intro {' '.join(names)}"
    yield from _by_conclusion(goal, names)
    usable = [hypothesis for hypothesis in goal.hypotheses if _accessible(hypothesis)][-_MOST_HYPOTHESES:]
    for hypothesis in reversed(usable):
        yield from _by_hypothesis(hypothesis, goal)
    for hypothesis in usable:
        if hypothesis.type in _NUMBERS and hypothesis.body is None:
            for name in hypothesis.names:
                step = fresh("ih", goal)
                yield f"induction {name} with\n| zero => ?_\n| succ {name} {step} => ?_"
    for lemma in lemmas:
        yield from (f"apply {lemma.name}", f"exact {lemma.name} ..")
        if lemma.equation:
            yield from (f"rw [{lemma.name}]", f"rw [← {lemma.name}]")
    yield from ("constructor", "exfalso")


def moves_after(text: str) -> Callable[[Goal], Iterator[str]]:
    """The moves for goals of a theorem that stands after `text` in its file."""
    known = FileLemmas(text)
    return lambda goal: moves(goal, known.ranked(goal.conclusion, _MOST_LEMMAS))


def fresh(name: str, goal: Goal) -> str:
    """`name`, or `name1`, `name2` .. if it is taken in `goal`."""
    return _unused(name, set(goal.names))


def _unused(name: str, taken: Collection[str]) -> str:
    if name not in taken:
        return name
    return next(new for number in range(1, len(taken) + 2) if (new := f"{name}{number}") not in taken)


def introduced(goal: Goal) -> list[str]:
    """Names for all that can be introduced into `goal`, as far as its text shows."""
    names: list[str] = []
    taken = set(goal.names)
    rest = goal.conclusion
    while True:
        rest = rest.strip()
        if rest.startswith("∀"):
            binder, _, rest = _divided(rest, ",")
            groups = _GROUP.findall(binder) or [binder[1:].partition(" : ")[0]]
            new = [name if _NAME.fullmatch(name) else "x" for group in groups for name in group.split()]
        elif not rest.startswith(("∃", "fun ", "let ")) and _outside(rest, "→"):
            _, _, rest = _divided(rest, " → ")
            new = ["h"]
        else:
            new = ["h"] if rest.startswith("¬") or _outside(rest, "≠") else []
            rest = ""
        for name in new:
            names.append(_unused(name, taken))
            taken.add(names[-1])
        if not rest:
            return names


def introduction(goal: Goal) -> str:
    """The tactic that introduces the next variable or premise."""
    return " ".join(("intro", *introduced(goal)[:1]))


def _by_conclusion(goal: Goal, names: Sequence[str]) -> Iterator[str]:
    conclusion = goal.conclusion
    if len(names) > 1:
        yield f"intro {names[0]}"
    if conclusion.startswith("∃"):
        yield from (f"exists {name}" for h in goal.hypotheses for name in h.names if _accessible(h))
        yield from ("exists 0", "exists 1")
    elif _outside(conclusion, "∨"):
        yield from ("left", "right")
    elif _outside(conclusion, "∧") or _outside(conclusion, "↔"):
        yield "constructor"
    if _outside(conclusion, "↔") or _outside(conclusion, "="):
        equations = [h.names[0] for h in goal.hypotheses if _outside(h.type, "=") and _accessible(h)]
        yield from (f"rw [{name}]" for name in reversed(equations))
        yield from (f"rw [← {name}]" for name in reversed(equations))
        if equations:
            yield f"simp [{', '.join(equations)}]"


def _by_hypothesis(hypothesis: Hypothesis, goal: Goal) -> Iterator[str]:
    type_ = hypothesis.type
    first, second = fresh("h", goal), fresh("g", goal)
    for name in reversed(hypothesis.names):
        if type_.startswith("∃"):
            yield f"obtain ⟨{fresh('x', goal)}, {first}⟩ := {name}"
        elif _outside(type_, "∨"):
            yield f"rcases {name} with {first} | {first}"
        elif _outside(type_, "∧") or _outside(type_, "↔"):
            yield f"obtain ⟨{first}, {second}⟩ := {name}"
        elif _outside(type_, "="):
            yield from (f"subst {name}", f"exact congrArg Nat.succ {name}", f"injection {name}", f"cases {name}")
        if type_.startswith(("∀", "¬")) or _outside(type_, "→") or _outside(type_, "≠"):
            yield f"apply {name}"
        elif type_ == "False":
            yield f"exact {name}.elim"


def _outside(text: str, sign: str) -> bool:
    """True if `sign` stands in `text` outside brackets, with a blank on both sides."""
    return bool(_divided(text, f" {sign} ")[1])


def _divided(text: str, sign: str) -> tuple[str, str, str]:
    """`text` before, at and after the first `sign` outside brackets; all of it, and nothing, if there is none."""
    depth = 0
    for position, character in enumerate(text):
        if character in "([{⟨":
            depth += 1
        elif character in ")]}⟩":
            depth -= 1
        elif depth == 0 and text.startswith(sign, position):
            return text[:position], sign, text[position + len(sign) :]
    return text, "", ""


def _accessible(hypothesis: Hypothesis) -> bool:
    return not any("✝" in name for name in hypothesis.names)
