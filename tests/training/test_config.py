"""A configuration that cannot be is refused with the field, the value and the limit."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")
pytest.importorskip("transformers", reason="transformers is not installed: pip install 'proofloom[model]'")

from proofloom.training.config import FitConfig, Optimiser, Precision, learning_rate


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"epochs": 0}, "epochs=0: wanted a finite number above 0"),
        ({"epochs": float("inf")}, "epochs=inf: wanted a finite number above 0"),
        ({"epochs": "3"}, "epochs=3: wanted a finite number above 0"),
        ({"learning_rate": -0.1}, "learning_rate=-0.1: wanted a finite number above 0"),
        ({"batch": 0}, "batch=0: wanted a whole number of at least 1"),
        ({"batch": 2.5}, "batch=2.5: wanted a whole number of at least 1"),
        ({"pool": True}, "pool=True: wanted a whole number of at least 1"),
        ({"seed": -1}, "seed=-1: wanted a whole number of at least 0"),
        ({"warmup": 1.0}, "warmup=1.0: wanted a number of at least 0 and below 1"),
        ({"beta2": 1.0}, "beta2=1.0: wanted a number of at least 0 and below 1"),
        ({"weight_decay": float("nan")}, "weight_decay=nan: wanted a finite number of at least 0"),
        ({"checkpoint_every": 0}, "checkpoint_every=0: wanted a whole number of at least 1"),
    ],
)
def test_a_value_out_of_its_limits_is_named(values: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match="^" + complaint.replace("(", r"\(") + "$"):
        FitConfig(**values)


def test_the_learning_rate_rises_in_a_line_and_falls_along_a_cosine() -> None:
    config = FitConfig(learning_rate=2.0, warmup=0.1)
    rates = [learning_rate(config, step, 100) for step in range(100)]
    assert rates[:10] == pytest.approx([0.2 * (step + 1) for step in range(10)])
    assert rates[10] == 2.0
    assert rates[55] == pytest.approx(1.0)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert 0 < rates[-1] < 0.01
    assert learning_rate(FitConfig(warmup=0.0), 0, 1) == FitConfig().learning_rate


def test_a_word_is_as_good_as_its_value_and_an_unknown_one_is_refused() -> None:
    config = FitConfig(optimiser="adamw", precision="bfloat16")  # type: ignore[arg-type]
    assert config.optimiser is Optimiser.ADAMW
    assert config.precision is Precision.BFLOAT16
    for name in ("optimiser", "precision"):
        with pytest.raises(ValueError, match="'banana' is not a valid"):
            FitConfig(**{name: "banana"})
