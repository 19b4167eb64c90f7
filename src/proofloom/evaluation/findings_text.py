"""Findings as lines for people.  Pure; the same findings give the same lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from proofloom.evaluation.paired import Estimate, SignTest
from proofloom.evaluation.step_findings import StepFindings, StepsOfArm

_NAME = 20


def told_steps(found: StepFindings) -> Iterator[str]:
    """The tables of the scores of human steps."""
    left = f"; {found.too_long:,} tactics too long for a model are left out" if found.too_long else ""
    yield f"human tactics: {found.steps:,} steps of {found.theorems:,} theorems{left}"
    if not found.theorems:
        return
    yield f"{'':{_NAME}} {'log-probability of a tactic':32} {'written word for word':32} CPU s"
    for one in _rows(found.contestants, found.arms):
        yield f"{one.name:{_NAME}} {_number(one.logprob):32} {_share(one.exact):32} {one.cpu_seconds:.0f}"
    for two in found.comparisons:
        yield f"{two.arm} against {two.baseline}, on the same steps (above 0: {two.arm} is better)"
        yield f"  log-probability {_number(two.logprob, sign=True)}; {_tested(two.test, 'likelier')}"
        yield f"  word for word   {_share(two.exact, sign=True)}"
        if two.by_seed:
            by_seed = ", ".join(f"{seed}: {value:+.4f}" for seed, value in two.by_seed.items())
            yield f"  log-probability by seed: {by_seed}"


def _rows(contestants: Sequence[StepsOfArm], arms: Sequence[StepsOfArm]) -> Iterator[StepsOfArm]:
    """Each contestant, and each arm if it is more than one of them."""
    yield from contestants
    if len(arms) < len(contestants):
        yield from arms


def _tested(test: SignTest, better: str) -> str:
    return f"{better} on {test.better:,} theorems, less so on {test.worse:,}, p = {test.p:.3g}"


def _number(one: Estimate, *, sign: bool = False) -> str:
    form = "+.4f" if sign else ".4f"
    return f"{one.value:{form}} [{one.low:{form}}, {one.high:{form}}]"


def _share(one: Estimate, *, sign: bool = False) -> str:
    """In per cent."""
    form = "+.2f" if sign else ".2f"
    return f"{100 * one.value:{form}} % [{100 * one.low:{form}}, {100 * one.high:{form}}]"
