"""Comparisons of two provers or models on the same theorems: tests, intervals, and the ratio of proof complexity.

The one idea is that the theorem is what is drawn: several seeds, steps or tries of one theorem are put together first,
and only theorems are counted or drawn again, because what belongs to one theorem goes up and down together.  All here
is pure; what is drawn is drawn from a generator that is given.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

DRAWS = 10_000
"""Bootstrap samples of an interval."""
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its interval at 95 %, from `count` theorems; all three are NaN without any."""

    value: float
    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class SignTest:
    """On how many theorems the second is better, on how many the first, on how many neither; and the p-value."""

    better: int
    worse: int
    equal: int
    p: float


def sign_test(differences: Sequence[float]) -> SignTest:
    """The exact two-sided sign test of second minus first, one difference a theorem; equal ones do not count.

    Where a difference is that of "proved" (1 or 0) it is the exact form of McNemar's test (McNemar 1947).
    """
    better, worse = sum(one > 0 for one in differences), sum(one < 0 for one in differences)
    return SignTest(better, worse, len(differences) - better - worse, _binomial(min(better, worse), better + worse))


def _binomial(few: int, all_: int) -> float:
    """Twice the chance of at most `few` heads of `all_` fair coins, at most 1."""
    if all_ == 0:
        return 1.0
    tail = sum(math.comb(all_, one) for one in range(few + 1))
    return min(1.0, float(2 * tail / 2**all_))


def bootstrap_ratio(
    numerators: Sequence[float],
    denominators: Sequence[float],
    random: np.random.Generator,
    draws: int = DRAWS,
) -> Estimate:
    """The sum of `numerators` over the sum of `denominators` (one of each per theorem, the latter above 0).

    The interval is that of the percentile bootstrap over theorems (Efron 1979).  With denominators of 1 it is a mean;
    with the number of steps of each theorem, a mean over steps whose theorems are drawn whole.
    """
    if len(numerators) != len(denominators):
        raise ValueError(f"{len(numerators)} numerators, {len(denominators)} denominators: wanted as many of each")
    if any(not one > 0 for one in denominators):
        raise ValueError(f"a denominator of {min(denominators)}: wanted numbers above 0")
    count = len(numerators)
    if count == 0:
        return Estimate(math.nan, math.nan, math.nan, 0)
    pairs = np.column_stack((np.asarray(numerators, float), np.asarray(denominators, float)))
    ratios = []
    for start in range(0, draws, _AT_ONCE):
        times = random.multinomial(count, np.full(count, 1 / count), size=min(_AT_ONCE, draws - start))
        sums = times @ pairs
        ratios.append(sums[:, 0] / sums[:, 1])
    low, high = np.quantile(np.concatenate(ratios), (0.025, 0.975))
    total = pairs.sum(0)
    return Estimate(float(total[0] / total[1]), float(low), float(high), count)


def bootstrap_mean(values: Sequence[float], random: np.random.Generator, draws: int = DRAWS) -> Estimate:
    """The mean of one value a theorem, with its bootstrap interval."""
    return bootstrap_ratio(values, [1.0] * len(values), random, draws)


def bootstrap_groups(
    values: Sequence[float], groups: Sequence[Hashable], random: np.random.Generator, draws: int = DRAWS
) -> Estimate:
    """The mean of several values a theorem, `groups` naming the theorem of each; theorems are drawn whole."""
    by_group: dict[Hashable, list[float]] = {}
    for value, group in zip(values, groups, strict=True):
        by_group.setdefault(group, []).append(value)
    rows = list(by_group.values())
    return bootstrap_ratio([sum(one) for one in rows], [len(one) for one in rows], random, draws)


def bootstrap_seeds(
    numerators: Sequence[Sequence[float]],
    denominators: Sequence[float],
    random: np.random.Generator,
    draws: int = DRAWS,
) -> Estimate:
    """As `bootstrap_ratio` for the mean over seeds, but seeds are drawn again too, independently of theorems.

    `numerators` has a row for each seed, with one number a theorem.  This is the interval for training once more with
    other seeds; from a few seeds it is rough, and from one it says no more than `bootstrap_ratio`.
    """
    table, below = np.asarray(numerators, float), np.asarray(denominators, float)
    if table.ndim != 2 or table.shape[1] != len(below):
        raise ValueError(f"numerators of shape {table.shape}, {len(below)} denominators: wanted seeds x theorems")
    seeds, count = table.shape
    if count == 0:
        return Estimate(math.nan, math.nan, math.nan, 0)
    ratios = []
    for start in range(0, draws, _AT_ONCE):
        some = min(_AT_ONCE, draws - start)
        times = random.multinomial(count, np.full(count, 1 / count), size=some)
        shares = random.multinomial(seeds, np.full(seeds, 1 / seeds), size=some) / seeds
        ratios.append(((shares @ table) * times).sum(1) / (times @ below))
    low, high = np.quantile(np.concatenate(ratios), (0.025, 0.975))
    return Estimate(float(table.mean(0).sum() / below.sum()), float(low), float(high), count)


@dataclass(frozen=True, slots=True)
class ComplexityRatio:
    """R_avg: `mean_of_ratios` is the mean over theorems of ours / baseline, `ratio_of_means` the other way to say it.

    Below 1 our proofs are shorter.  Both over the theorems that both solve.
    """

    mean_of_ratios: Estimate
    ratio_of_means: Estimate


def complexity_ratio(
    baseline: Mapping[str, float], ours: Mapping[str, float], random: np.random.Generator, draws: int = DRAWS
) -> ComplexityRatio:
    """The ratios over the theorems in both (Chen et al. 2025, section 5.2, in the reading A13 of our specification).

    Each maps a theorem to the complexity of its proof, above 0.
    """
    both = sorted(baseline.keys() & ours.keys())
    first, second = [baseline[name] for name in both], [ours[name] for name in both]
    ratios = [two / one for one, two in zip(first, second, strict=True)]
    return ComplexityRatio(bootstrap_mean(ratios, random, draws), bootstrap_ratio(second, first, random, draws))
