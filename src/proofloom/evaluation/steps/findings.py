"""What the scores of human steps say about the arms: means with intervals, and the paired comparison with the first.

Pure: from rows to records.  Compared are the theorems that every contestant has scored, and of them the steps that
every contestant could score, so that all numbers are about the same steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proofloom.evaluation.contest_rows import StepsRow
from proofloom.evaluation.contestant import arms, shared_seeds
from proofloom.evaluation.statistics.paired import (
    DRAWS,
    Estimate,
    SignTest,
    bootstrap_ratio,
    bootstrap_seeds,
    sign_test,
)

Sums = NDArray[np.float64]
"""(theorems, 2): over the steps of a theorem, the sum of log-probabilities and how many were written word for word."""


@dataclass(frozen=True, slots=True)
class StepsOfArm:
    """One arm, or one contestant of it: mean log-probability of a human tactic, and the share written word for word."""

    name: str
    logprob: Estimate
    exact: Estimate
    cpu_seconds: float


@dataclass(frozen=True, slots=True)
class StepsCompared:
    """An arm minus the baseline, on the same steps; above 0 the arm is better.

    `test` is over theorems, by the log-probability of their steps.  `by_seed` are the differences in log-probability
    of the contestants that share a seed, and `with_seeds` their mean with an interval for which seeds are drawn too;
    None for fewer than two such seeds.
    """

    baseline: str
    arm: str
    logprob: Estimate
    exact: Estimate
    test: SignTest
    by_seed: Mapping[int, float]
    with_seeds: Estimate | None


@dataclass(frozen=True, slots=True)
class StepFindings:
    """All of it.  `steps` were compared; `too_long` were not, because they do not fit some contestant."""

    theorems: int
    steps: int
    too_long: int
    contestants: tuple[StepsOfArm, ...]
    arms: tuple[StepsOfArm, ...]
    comparisons: tuple[StepsCompared, ...]


def step_findings(rows: Sequence[StepsRow], names: Sequence[str], seed: int, draws: int = DRAWS) -> StepFindings:
    """The findings about the contestants `names` (`ARM/SEED`); the first arm is the baseline.

    `seed` is that of the bootstrap.  Rows of others do not count; of two rows about the same, the later one does.
    """
    latest = {row.key: row for row in rows}
    theorems = sorted(
        theorem for theorem in {row.theorem for row in rows} if all((name, theorem) in latest for name in names)
    )
    scored = {name: [latest[name, theorem].scores for theorem in theorems] for name in names}
    fits = [
        [all(score is not None for score in step) for step in zip(*theorem, strict=True)]
        for theorem in zip(*scored.values(), strict=True)
    ]
    kept = [place for place, steps in enumerate(fits) if any(steps)]
    counts = np.array([sum(fits[place]) for place in kept], float)
    sums = {
        name: _sums([all_[place] for place in kept], [fits[place] for place in kept]) for name, all_ in scored.items()
    }
    groups = arms(names)
    pooled = {arm: np.mean([sums[name] for name in members], 0) for arm, members in groups.items()}
    cost = {name: sum(row.cpu_seconds for row in latest.values() if row.contestant == name) for name in names}
    baseline = next(iter(groups), "")
    return StepFindings(
        len(kept),
        int(counts.sum()),
        sum(len(steps) - sum(steps) for steps in fits),
        tuple(_arm(name, sums[name], counts, cost[name], seed, draws) for name in names),
        tuple(
            _arm(arm, pooled[arm], counts, sum(cost[name] for name in members), seed, draws)
            for arm, members in groups.items()
        ),
        tuple(_compared(baseline, arm, pooled, sums, counts, seed, draws) for arm in list(groups)[1:]),
    )


def _compared(
    baseline: str,
    arm: str,
    pooled: Mapping[str, Sums],
    sums: Mapping[str, Sums],
    counts: NDArray[np.float64],
    seed: int,
    draws: int,
) -> StepsCompared:
    change = pooled[arm] - pooled[baseline]
    paired = {
        one: (sums[f"{arm}/{one}"] - sums[f"{baseline}/{one}"])[:, 0].tolist()
        for one in shared_seeds(arm, baseline, sums)
    }
    random = np.random.default_rng(seed)
    return StepsCompared(
        baseline,
        arm,
        _ratio(change[:, 0], counts, seed, draws),
        _ratio(change[:, 1], counts, seed, draws),
        sign_test(change[:, 0].tolist()),
        {one: sum(each) / float(counts.sum()) for one, each in paired.items() if counts.sum()},
        bootstrap_seeds(list(paired.values()), counts.tolist(), random, draws) if len(paired) > 1 else None,
    )


def _sums(theorems: Sequence[Sequence[Any]], fits: Sequence[Sequence[bool]]) -> Sums:
    totals = np.zeros((len(theorems), 2))
    for place, (scores, fit) in enumerate(zip(theorems, fits, strict=True)):
        for score, counted in zip(scores, fit, strict=True):
            if counted:
                totals[place] += score.logprob, score.exact
    return totals


def _arm(name: str, sums: Sums, counts: NDArray[np.float64], cost: float, seed: int, draws: int) -> StepsOfArm:
    return StepsOfArm(name, _ratio(sums[:, 0], counts, seed, draws), _ratio(sums[:, 1], counts, seed, draws), cost)


def _ratio(sums: NDArray[np.float64], counts: NDArray[np.float64], seed: int, draws: int) -> Estimate:
    """Per step.  Each interval is drawn from the same seed, so that they are about the same samples of theorems."""
    return bootstrap_ratio(sums.tolist(), counts.tolist(), np.random.default_rng(seed), draws)
