"""Array files come back as they were, and a stale, torn or foreign file is not opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from proofloom.assistants.session import AssistantError
from proofloom.corpus.storage.array_file import read_arrays, write_arrays

ARRAYS = st.dictionaries(
    st.text(max_size=5),
    st.one_of(
        st.lists(st.integers(0, 2**32 - 1), max_size=50).map(lambda values: np.array(values, dtype=np.uint32)),
        st.lists(st.floats(width=32, allow_nan=False), max_size=50).map(lambda v: np.array(v, dtype=np.float32)),
        st.lists(st.integers(-9, 9), max_size=24).map(lambda v: np.array(v[: len(v) // 2 * 2]).reshape(-1, 2)),
    ),
    max_size=5,
)


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arrays=ARRAYS, stamp=st.text(max_size=20))
def test_arrays_come_back(tmp_path: Path, arrays: dict[str, NDArray[Any]], stamp: str) -> None:
    file = tmp_path / "a.arrays"
    write_arrays(file, arrays, stamp)
    found = read_arrays(file, stamp)
    assert found is not None
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        assert np.array_equal(found[name], array)
    assert read_arrays(file, stamp + "x") is None


@pytest.fixture
def good(tmp_path: Path) -> Path:
    file = tmp_path / "a.arrays"
    write_arrays(file, {"a": np.arange(100)}, "s")
    return file


@pytest.mark.parametrize("length", [0, 1, 50, 100, 200, 600])
def test_a_torn_file_is_not_opened(good: Path, length: int) -> None:
    good.write_bytes(good.read_bytes()[:length])
    assert read_arrays(good, "s") is None


@pytest.mark.parametrize("text", ["", "{}\n", '{"format": "x"}\n', "\x00\xff", "[1]\n", "null\n", '"text"\n'])
def test_a_foreign_file_is_not_opened(tmp_path: Path, text: str) -> None:
    (tmp_path / "b").write_text(text)
    assert read_arrays(tmp_path / "b", "s") is None
    assert read_arrays(tmp_path / "missing", "s") is None
    assert read_arrays(tmp_path, "s") is None


def test_what_is_read_cannot_be_changed(good: Path) -> None:
    found = read_arrays(good, "s")
    assert found is not None
    with pytest.raises(ValueError, match="read-only"):
        found["a"][0] = 1


def test_a_folder_that_does_not_exist_is_an_error_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(AssistantError, match="cannot be written"):
        write_arrays(tmp_path / "none" / "a", {}, "s")
