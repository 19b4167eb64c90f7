"""Settings: checked when made, the same after a trip through TOML."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofloom.app.proving.settings import ProveSettings, names, read_settings
from proofloom.app.toml_records import BadInput
from proofloom.proofs import Budget
from proofloom.search.frontier import Order
from proofloom.search.strategies import BestFirstConfig, SinglePassConfig

SETTINGS = st.builds(
    ProveSettings,
    policy=st.sampled_from(["list", "list+list"]),
    axioms=st.lists(st.sampled_from(["classical", "funext", 'My."odd".name'])).map(tuple),
    require=st.lists(st.sampled_from(["Lia", "Lra"])).map(tuple),
    budget=st.builds(Budget, seconds=st.floats(0.1, 1e6), tactics=st.sampled_from([10, 1e3, math.inf])),
    strategy=st.one_of(
        st.builds(BestFirstConfig, candidates=st.integers(1, 99), order=st.sampled_from(Order)),
        st.builds(SinglePassConfig, depth=st.integers(1, 99), seed=st.integers(0, 9)),
    ),
)


@given(SETTINGS)
def test_settings_come_back_from_toml(settings: ProveSettings) -> None:
    assert ProveSettings.from_toml(settings.toml, "config.toml") == settings


def test_a_file_may_hold_only_what_differs() -> None:
    settings = ProveSettings.from_toml("[budget]\nseconds = 5\n[strategy]\ndepth = 7\n", "config.toml")
    assert settings == ProveSettings(budget=Budget(seconds=5.0), strategy=BestFirstConfig(depth=7))
    assert isinstance(settings.budget.seconds, float)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("polcy = 'list'", "config.toml: 'polcy'; valid: policy, library, split, model"),
        ("policy = 'magic'", "unknown policy 'magic'; valid: list"),
        ("policy = 'list+'", "unknown policy ''"),
        ("[budget]\nseconds = -1", "budget seconds=-1.0: wanted a number above 0"),
        ("[budget]\nseconds = 'ten'", "ten"),
        ("[budget]\nhours = 1", "'hours'; valid: seconds"),
        ("[strategy]\nname = 'best'", "unknown strategy 'best'; valid: best-first, single-pass"),
        ("[strategy]\ndepth = 0", "depth=0: wanted at least 1"),
        ("[strategy]\norder = 'random'", "random"),
        ("budget = 3", "[budget] must be a table"),
        ("strategy = 'best-first'", "[strategy] must be a table"),
        ("axioms = 'classical'", "axioms must be a list of texts"),
        ("= 3", "not TOML"),
    ],
)
def test_what_is_wrong_is_named(text: str, complaint: str) -> None:
    with pytest.raises(BadInput) as caught:
        ProveSettings.from_toml(text, "config.toml")
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_or_binary_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"none\.toml: cannot be read"):
        read_settings(tmp_path / "none.toml")
    (tmp_path / "odd.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(BadInput, match=r"odd\.toml: is not UTF-8"):
        read_settings(tmp_path / "odd.toml")


def test_lists_are_split_at_commas() -> None:
    assert names(" Lia, Lra,,Lia ") == ("Lia", "Lra")
