"""From attempts to findings: pass@K, paired over theorems and seeds, proofs that both have, and costs; by hand."""

from __future__ import annotations

import json

import pytest

from proofloom.evaluation.contest_rows import FOUND, AttemptRow
from proofloom.evaluation.findings import as_object
from proofloom.evaluation.findings_text import told_proofs
from proofloom.evaluation.proofs.findings import ProofFindings, lengths, proof_findings
from proofloom.evaluation.statistics.proportions import wilson

NAMES = ["plain/0", "plain/1", "flow/0", "flow/1"]


def rows(theorem: str, *solved: str, strategy: str = "best-first", count: int = 4) -> list[AttemptRow]:
    """A row of each contestant; `solved` has a proof for it, `-` for none, or an outcome."""
    made = []
    for name, what in zip(NAMES, solved, strict=True):
        outcome = {"-": "exhausted", "lost": "crashed", "bad": "unsupported"}.get(what, "proved")
        proof = tuple(what.split(";")) if outcome == "proved" else ()
        made.append(
            AttemptRow(
                name, theorem, strategy, count, outcome, cpu_seconds=2.0, model_seconds=0.5, tokens_written=10,
                tactics=3, proof=proof,
            )
        )  # fmt: skip
    return made


ROWS = [
    *rows("a", "x", "-", "x", "x"),
    *rows("b", "x;y", "x", "x", "-"),
    *rows("c", "-", "-", "lost", "y"),
    *rows("d", "-", "-", "-", "-"),
    *rows("e", "bad", "bad", "bad", "bad"),
    *rows("f", "x", "x", "x", "x")[:3],
]


def found(given: list[AttemptRow], *strategies: str, candidates: tuple[int, ...] = (4,)) -> list[ProofFindings]:
    return proof_findings(given, NAMES, strategies or ("best-first",), candidates, 0, 1000)


def test_pass_at_k_is_over_what_all_have_tried_and_could_open() -> None:
    (one,) = found(ROWS)
    assert (one.theorems, one.unsupported) == (4, 1)
    assert {by.name: by.solved for by in one.contestants} == {"plain/0": 2, "plain/1": 1, "flow/0": 2, "flow/1": 2}
    first = one.contestants[0]
    assert (first.share.value, first.share.low, first.share.high) == (0.5, *wilson(2, 4))
    assert one.contestants[2].outcomes == {"crashed": 1, "exhausted": 1, "proved": 2}
    assert [arm.share.value for arm in one.arms] == [pytest.approx(3 / 8), pytest.approx(4 / 8)]
    assert (one.arms[0].cpu_seconds, one.arms[0].model_seconds, one.arms[0].tokens_written) == (2.0, 0.5, 10.0)


def test_arms_are_paired_over_theorems() -> None:
    (compared,) = found(ROWS)[0].comparisons
    # Theorem by theorem, mean over seeds: a 0.5 -> 1, b 1 -> 0.5, c 0 -> 0.5, d 0 -> 0.
    assert compared.difference.value == pytest.approx(0.125)
    assert (compared.test.better, compared.test.worse, compared.test.equal) == (2, 1, 1)
    assert compared.by_seed == {0: 0, 1: 1}
    assert compared.with_seeds is not None
    assert compared.with_seeds.value == pytest.approx(0.125)
    assert compared.with_seeds.low <= compared.difference.low < compared.difference.high <= compared.with_seeds.high
    # Both solve a (1 tactic each) and b (plain 2 and 1, flow 1).
    ratio = compared.complexity["tactics"]
    assert ratio.mean_of_ratios.value == pytest.approx((1 + 1 / 1.5) / 2)
    assert ratio.ratio_of_means.value == pytest.approx(2 / 2.5)
    assert ratio.mean_of_ratios.count == 2
    assert compared.complexity["characters"].ratio_of_means.value == pytest.approx(2 / 3)


def test_single_pass_rows_tell_every_k() -> None:
    made = [
        AttemptRow(name, theorem, "single-pass", 16, "proved" if at else "out_of_budget", at, proof=("x",) * bool(at))
        for theorem, found_at in {"a": (1, 5, 2, 9), "b": (0, 16, 4, 4), "c": (0, 0, 0, 0)}.items()
        for name, at in zip(NAMES, found_at, strict=True)
    ]
    cells = found(made, "single-pass", candidates=(1, 4, 16))
    assert [(one.strategy, one.candidates, one.theorems) for one in cells] == [
        ("single-pass", 1, 3), ("single-pass", 4, 3), ("single-pass", 16, 3),
    ]  # fmt: skip
    assert [[by.solved for by in one.contestants] for one in cells] == [[1, 0, 0, 0], [1, 0, 2, 1], [1, 2, 2, 2]]
    assert [dict(one.contestants[3].outcomes) for one in cells] == [
        {"out_of_budget": 3}, {"out_of_budget": 2, "proved": 1}, {"out_of_budget": 1, "proved": 2},
    ]  # fmt: skip


def test_strategies_and_counts_are_kept_apart_and_a_later_row_counts() -> None:
    given = [*ROWS, *rows("a", "-", "-", "-", "-", count=1), *rows("d", "x", "x", "x", "x")]
    one, other = found(given, candidates=(1, 4))
    assert (one.candidates, one.theorems, one.contestants[0].solved) == (1, 1, 0)
    assert other.contestants[0].solved == 3


def test_nothing_tried_is_no_number() -> None:
    (one,) = found([])
    assert one.theorems == 0
    assert json.loads(json.dumps(as_object(one), allow_nan=False))["contestants"][0]["share"]["value"] is None
    assert list(told_proofs([one], "proved")) == ["best-first, 4 candidates a state: 0 theorems"]


def test_what_is_told_has_shares_outcomes_differences_and_lengths() -> None:
    lines = "\n".join(told_proofs(found(ROWS), "proved"))
    assert "best-first, 4 candidates a state: 4 theorems; 1 that do not load are left out" in lines
    assert "flow/0                  2 proved 50.00 %" in lines
    assert "(1 crashed, 1 exhausted, 2 proved)" in lines
    assert "flow against plain: +12.50 %" in lines
    assert "more often on 2 theorems, less often on 1, p = 1, seed 0: +0, seed 1: +1" in lines
    assert "length of proofs, flow / plain, over 2 theorems that both solve: tactics 0.833" in lines


def test_a_proof_is_as_long_as_its_tactics_words_and_characters() -> None:
    assert lengths(("rewrite <- foo_bar.", "auto")) == (2, 6, 24)
    assert AttemptRow("a/0", "t", "best-first", 1, FOUND).solved
