"""What the attempts of a contest say about the arms: pass@K, the paired comparison, lengths of proofs, cost.

Pure: from rows to records.  For each strategy and K, compared are the theorems that every contestant has tried and
that could be opened.  Arms are compared as in `paired`: seeds first, then theorems.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from proofloom.evaluation.contest_rows import AttemptRow
from proofloom.evaluation.contestant import arms, shared_seeds
from proofloom.evaluation.proofs.trial import SINGLE_PASS
from proofloom.evaluation.statistics.paired import (
    DRAWS,
    ComplexityRatio,
    Estimate,
    SignTest,
    bootstrap_mean,
    bootstrap_seeds,
    complexity_ratio,
    sign_test,
)
from proofloom.evaluation.statistics.proportions import wilson
from proofloom.proofs import Outcome

_TOKEN = re.compile(r"\w+|[^\w\s]")
MEASURES = ("tactics", "tokens", "characters")
"""How long a proof is; tokens are words and signs, whatever the tokenizer of a model."""


@dataclass(frozen=True, slots=True)
class SolvedBy:
    """One contestant: how many theorems it solved, with the Wilson interval of the share, and all outcomes."""

    name: str
    solved: int
    share: Estimate
    outcomes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ArmSolved:
    """An arm: the share of theorems solved, mean over seeds, and what an attempt costs on average.

    For single-pass sampling an attempt is that of the most roll-outs; `tokens_written` are those of the candidates.
    """

    name: str
    share: Estimate
    cpu_seconds: float
    model_seconds: float
    tokens_read: float
    tokens_written: float
    expansions: float
    tactics: float


@dataclass(frozen=True, slots=True)
class ProofsCompared:
    """An arm minus the baseline.  `by_seed` counts theorems: solved more, of contestants that share a seed.

    `with_seeds` is the difference of these with an interval for which seeds are drawn too, None for fewer than two.
    `complexity` is arm / baseline over theorems that both solve, by measure.
    """

    baseline: str
    arm: str
    difference: Estimate
    test: SignTest
    by_seed: Mapping[int, int]
    with_seeds: Estimate | None
    complexity: Mapping[str, ComplexityRatio]


@dataclass(frozen=True, slots=True)
class ProofFindings:
    """One strategy at one K: `theorems` were compared, `unsupported` could not be opened."""

    strategy: str
    candidates: int
    theorems: int
    unsupported: int
    contestants: tuple[SolvedBy, ...]
    arms: tuple[ArmSolved, ...]
    comparisons: tuple[ProofsCompared, ...]


def proof_findings(
    rows: Sequence[AttemptRow],
    names: Sequence[str],
    strategies: Sequence[str],
    candidates: Sequence[int],
    seed: int,
    draws: int = DRAWS,
) -> list[ProofFindings]:
    """The findings about the contestants `names` (`ARM/SEED`), for each strategy and each number of candidates.

    The first arm is the baseline, `seed` is that of the bootstrap.  Of two rows about the same, the later one counts.
    """
    latest = {row.key: row for row in rows if row.contestant in names}
    found = []
    for strategy in strategies:
        for count in candidates:
            tried: dict[str, dict[str, AttemptRow]] = {}
            for row in latest.values():
                if row.strategy == strategy and row.candidates == _made_with(strategy, count, candidates):
                    tried.setdefault(row.theorem, {})[row.contestant] = row
            whole = {theorem: by for theorem, by in tried.items() if len(by) == len(names)}
            found.append(_findings(strategy, count, whole, names, seed, draws))
    return found


def _made_with(strategy: str, count: int, candidates: Sequence[int]) -> int:
    """The candidates of the rows that tell about `count`."""
    return max(candidates) if strategy == SINGLE_PASS else count


def _findings(
    strategy: str,
    count: int,
    tried: Mapping[str, Mapping[str, AttemptRow]],
    names: Sequence[str],
    seed: int,
    draws: int,
) -> ProofFindings:
    opened = {
        theorem: by
        for theorem, by in sorted(tried.items())
        if all(row.outcome != Outcome.UNSUPPORTED for row in by.values())
    }
    solved = {name: [_within(by[name], strategy, count) for by in opened.values()] for name in names}
    groups = arms(names)
    shares = {arm: np.mean([solved[name] for name in group], 0).tolist() for arm, group in groups.items()}
    lengths = {arm: _lengths(opened, group, strategy, count) for arm, group in groups.items()}
    baseline = next(iter(groups), "")
    return ProofFindings(
        strategy,
        count,
        len(opened),
        len(tried) - len(opened),
        tuple(
            _solved_by(name, solved[name], [_outcome(by[name], strategy, count) for by in opened.values()])
            for name in names
        ),
        tuple(
            _arm(arm, shares[arm], [by[name] for by in opened.values() for name in group], seed, draws)
            for arm, group in groups.items()
        ),
        tuple(_compared(baseline, arm, shares, lengths, solved, seed, draws) for arm in list(groups)[1:]),
    )


def _within(row: AttemptRow, strategy: str, count: int) -> bool:
    return row.solved and (strategy != SINGLE_PASS or row.found_at <= count)


def _outcome(row: AttemptRow, strategy: str, count: int) -> str:
    """How the attempt would have ended with `count`: a proof that came with a later roll-out would not be there."""
    late = row.solved and not _within(row, strategy, count)
    return Outcome.OUT_OF_BUDGET.value if late else row.outcome


def _solved_by(name: str, solved: Sequence[bool], outcomes: Sequence[str]) -> SolvedBy:
    count, low_high = sum(solved), wilson(sum(solved), len(solved))
    share = count / len(solved) if solved else float("nan")
    counted = dict(sorted(Counter(outcomes).items()))
    return SolvedBy(name, count, Estimate(share, *low_high, len(solved)), counted)


def _arm(name: str, shares: Sequence[float], rows: Sequence[AttemptRow], seed: int, draws: int) -> ArmSolved:
    def mean(field: str) -> float:
        return float(sum(getattr(row, field) for row in rows)) / max(1, len(rows))

    costs = ("cpu_seconds", "model_seconds", "tokens_read", "tokens_written", "expansions", "tactics")
    return ArmSolved(name, bootstrap_mean(shares, np.random.default_rng(seed), draws), *map(mean, costs))


def _compared(
    baseline: str,
    arm: str,
    shares: Mapping[str, Sequence[float]],
    lengths: Mapping[str, Mapping[str, Mapping[str, float]]],
    solved: Mapping[str, Sequence[bool]],
    seed: int,
    draws: int,
) -> ProofsCompared:
    differences = [two - one for one, two in zip(shares[baseline], shares[arm], strict=True)]
    pairs = {one: (solved[f"{baseline}/{one}"], solved[f"{arm}/{one}"]) for one in shared_seeds(arm, baseline, solved)}
    changes = [[two - one for one, two in zip(*pair, strict=True)] for pair in pairs.values()]
    random = np.random.default_rng(seed)
    return ProofsCompared(
        baseline,
        arm,
        bootstrap_mean(differences, np.random.default_rng(seed), draws),
        sign_test(differences),
        {one: sum(second) - sum(first) for one, (first, second) in pairs.items()},
        bootstrap_seeds(changes, [1.0] * len(differences), random, draws) if len(pairs) > 1 else None,
        {
            measure: complexity_ratio(
                lengths[baseline][measure], lengths[arm][measure], np.random.default_rng(seed), draws
            )
            for measure in MEASURES
        },
    )


def _lengths(
    opened: Mapping[str, Mapping[str, AttemptRow]], group: Sequence[str], strategy: str, count: int
) -> dict[str, dict[str, float]]:
    """For each measure, of each theorem that some contestant of the arm solved: the mean length of its proofs."""
    found: dict[str, dict[str, float]] = {measure: {} for measure in MEASURES}
    for theorem, by in opened.items():
        proofs = [by[name].proof for name in group if by[name].proof and _within(by[name], strategy, count)]
        if proofs:
            means = np.mean([lengths(proof) for proof in proofs], 0).tolist()
            for measure, value in zip(MEASURES, means, strict=True):
                found[measure][theorem] = value
    return found


def lengths(proof: Sequence[str]) -> tuple[int, int, int]:
    """How long a proof is in tactics, tokens and characters, the line ends between tactics among them."""
    text = "\n".join(proof)
    return len(proof), len(_TOKEN.findall(text)), len(text)
