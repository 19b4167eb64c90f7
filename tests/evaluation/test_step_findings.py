"""From rows of scores to findings: the same theorems and steps for all, arms over seeds, worked values."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from proofloom.evaluation.contest_rows import ContestRows, StepScore, StepsRow
from proofloom.evaluation.contestant import Contestant, arms, contestants, weights_digest
from proofloom.evaluation.findings import as_object
from proofloom.evaluation.findings_text import told_steps
from proofloom.evaluation.steps.findings import StepFindings, step_findings
from proofloom.models.errors import ModelError
from proofloom.search.row_file import JournalError

NAMES = ["plain/0", "plain/1", "flow/0", "flow/1"]


def row(contestant: str, theorem: str, *logprobs: float | None) -> StepsRow:
    """A tactic is written word for word if it is likelier than e^-1."""
    scores = [None if one is None else StepScore(one, 3, one > -1) for one in logprobs]
    return StepsRow(contestant, theorem, tuple(scores), 0.5)


ROWS = [
    row("plain/0", "a", -1.0), row("plain/1", "a", -3.0), row("flow/0", "a", -0.5), row("flow/1", "a", -1.5),
    row("plain/0", "b", -2.0, -2.0, None), row("plain/1", "b", -2.0, -4.0, -1.0),
    row("flow/0", "b", -3.0, -1.5, -1.0), row("flow/1", "b", -3.0, -3.5, -1.0),
    row("plain/0", "c", -9.0), row("flow/0", "c", -9.0),
]  # fmt: skip


def found(rows: list[StepsRow]) -> StepFindings:
    return step_findings(rows, NAMES, 0, 1000)


def test_findings_are_about_the_steps_that_all_have() -> None:
    findings = found(ROWS)
    assert (findings.theorems, findings.steps, findings.too_long) == (2, 3, 1)
    means = {one.name: one.logprob.value for one in (*findings.contestants, *findings.arms)}
    assert means == {
        "plain/0": pytest.approx(-5 / 3), "plain/1": pytest.approx(-9 / 3), "flow/0": pytest.approx(-5 / 3),
        "flow/1": pytest.approx(-8 / 3), "plain": pytest.approx(-7 / 3), "flow": pytest.approx(-6.5 / 3),
    }  # fmt: skip
    (compared,) = findings.comparisons
    assert (compared.baseline, compared.arm) == ("plain", "flow")
    assert compared.logprob.value == pytest.approx(0.5 / 3)
    # Theorem a: +1 over 1 step, theorem b: -0.5 over 2 steps.
    assert (compared.logprob.low, compared.logprob.high) == (pytest.approx(-0.25), pytest.approx(1.0))
    assert (compared.test.better, compared.test.worse, compared.test.p) == (1, 1, 1.0)
    assert compared.by_seed == {0: pytest.approx(0.0), 1: pytest.approx(1 / 3)}
    assert compared.exact.value == pytest.approx(0.5 / 3)
    # Seed 0: a +0.5, b -0.5; seed 1: a +1.5, b -0.5.
    assert compared.with_seeds is not None
    assert compared.with_seeds.value == pytest.approx(0.5 / 3)
    assert compared.with_seeds.low == pytest.approx(-0.25)
    assert compared.with_seeds.high == pytest.approx(1.5)
    assert step_findings(ROWS, ["plain/0", "flow/0"], 0, 100).comparisons[0].with_seeds is None
    assert findings.arms[1].cpu_seconds == pytest.approx(2.5)


def test_a_later_row_counts_and_strangers_do_not() -> None:
    assert found([*ROWS, row("other/0", "z", -1.0)]) == found(ROWS)
    again = found([*ROWS, row("flow/0", "a", -9.0)])
    assert again.contestants[2].logprob.value == pytest.approx(-13.5 / 3)


def test_without_a_theorem_that_all_have_there_are_no_numbers() -> None:
    findings = found(ROWS[:3])
    assert findings.theorems == findings.steps == 0
    assert math.isnan(findings.arms[0].logprob.value)
    assert json.loads(json.dumps(as_object(findings), allow_nan=False))["arms"][0]["logprob"]["value"] is None
    assert list(told_steps(findings)) == ["human tactics: 0 steps of 0 theorems"]


def test_what_is_told_names_arms_differences_and_what_is_left_out() -> None:
    lines = "\n".join(told_steps(found(ROWS)))
    assert "human tactics: 3 steps of 2 theorems; 1 tactics too long for a model are left out" in lines
    assert "log-probability +0.1667 [-0.2500, +1.0000]; likelier on 1 theorems, less so on 1, p = 1" in lines
    assert "by seed: 0: +0.0000, 1: +0.3333" in lines


def test_rows_come_back_from_their_file(tmp_path: Path) -> None:
    with ContestRows(tmp_path / "rows.sqlite") as rows:
        for one in ROWS:
            rows.add_steps(one, 1.0)
    with ContestRows(tmp_path / "rows.sqlite") as rows:
        assert rows.steps() == ROWS


def test_other_weights_do_not_go_on_under_an_old_name(tmp_path: Path) -> None:
    with ContestRows(tmp_path / "rows.sqlite") as rows:
        rows.enter({"flow/0": "a" * 64}, 1.0)
        rows.enter({"flow/0": "a" * 64, "flow/1": "c" * 64}, 2.0)
        with pytest.raises(JournalError, match="its rows of flow/1 are of other weights"):
            rows.enter({"flow/1": "d" * 64}, 3.0)


def test_contestants_have_an_arm_a_seed_and_a_folder(tmp_path: Path) -> None:
    named = contestants(["plain/0=a/b", "flow-0.1/12=c=d"])
    assert named == [Contestant("plain", 0, Path("a/b")), Contestant("flow-0.1", 12, Path("c=d"))]
    assert arms([one.name for one in named]) == {"plain": ["plain/0"], "flow-0.1": ["flow-0.1/12"]}
    for text in ("plain=a", "plain/x=a", "/0=a", "plain/0="):
        with pytest.raises(ValueError, match=f"{text}: wanted NAME/SEED=FOLDER"):
            contestants([text])
    with pytest.raises(ValueError, match="plain/0 is named twice"):
        contestants(["plain/0=a", "plain/0=b"])


def test_the_digest_is_of_what_the_model_says(tmp_path: Path) -> None:
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_text("1")
    one = weights_digest(tmp_path)
    (tmp_path / "README.md").write_text("a card")
    assert weights_digest(tmp_path) == one
    (tmp_path / "model.safetensors").write_text("2")
    assert weights_digest(tmp_path) != one
    (tmp_path / "more.json").mkdir()
    with pytest.raises(ModelError, match=r"more\.json: cannot be read"):
        weights_digest(tmp_path)
