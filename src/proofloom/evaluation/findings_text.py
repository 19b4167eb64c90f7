"""Findings as lines for people.  Pure; the same findings give the same lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from proofloom.evaluation.proofs.findings import ArmSolved, ProofFindings, ProofsCompared
from proofloom.evaluation.proofs.trial import BEST_FIRST
from proofloom.evaluation.statistics.paired import Estimate, SignTest
from proofloom.evaluation.steps.findings import StepFindings, StepsOfArm

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
        if two.with_seeds:
            yield f"  log-probability, seeds drawn too: {_number(two.with_seeds, sign=True)}"


def told_proofs(found: Sequence[ProofFindings], word: str) -> Iterator[str]:
    """The tables of attempts; `word` says what solved means: `proved`, or `found` where no gate was asked.

    The cost of single-pass sampling is told once, with the most roll-outs, because that is what was run.
    """
    most = max((one.candidates for one in found), default=0)
    for number, one in enumerate(found):
        if number:
            yield ""
        what = "candidates a state" if one.strategy == BEST_FIRST else "roll-outs"
        left = f"; {one.unsupported:,} that do not load are left out" if one.unsupported else ""
        yield f"{one.strategy}, {one.candidates} {what}: {one.theorems:,} theorems{left}"
        if not one.theorems:
            continue
        for by in one.contestants:
            counts = ", ".join(f"{count} {outcome}" for outcome, count in by.outcomes.items())
            yield f"  {by.name:{_NAME}} {by.solved:4} {word} {_share(by.share):30} ({counts})"
        if len(one.arms) < len(one.contestants):
            yield from (f"  {arm.name:{_NAME}}      {word} {_share(arm.share)}" for arm in one.arms)
        if one.strategy == BEST_FIRST or one.candidates == most:
            yield from (f"  {arm.name}: {_cost(arm)}" for arm in one.arms)
        for two in one.comparisons:
            yield from _told_comparison(two)


def _told_comparison(two: ProofsCompared) -> Iterator[str]:
    by_seed = "".join(f", seed {seed}: {count:+}" for seed, count in two.by_seed.items())
    test = two.test
    yield (
        f"  {two.arm} against {two.baseline}: {_share(two.difference, sign=True)}; more often on {test.better} "
        f"theorems, less often on {test.worse}, p = {test.p:.3g}{by_seed}"
    )
    if two.with_seeds:
        yield f"  the same, seeds drawn too: {_share(two.with_seeds, sign=True)}"
    ratios = [
        f"{measure} {_ratio(ratio.mean_of_ratios)} (of means {ratio.ratio_of_means.value:.3f})"
        for measure, ratio in two.complexity.items()
    ]
    both = next(iter(two.complexity.values())).mean_of_ratios.count
    if both:
        arms = f"{two.arm} / {two.baseline}"
        yield f"  length of proofs, {arms}, over {both} theorems that both solve: {', '.join(ratios)}"


def _cost(arm: ArmSolved) -> str:
    return (
        f"an attempt: {arm.cpu_seconds:.2f} CPU s ({arm.model_seconds:.2f} model), {arm.expansions:.1f} expansions, "
        f"{arm.tactics:.1f} tactics, {arm.tokens_read:.0f} tokens read, {arm.tokens_written:.0f} written"
    )


def _ratio(one: Estimate) -> str:
    return f"{one.value:.3f} [{one.low:.3f}, {one.high:.3f}]"


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
