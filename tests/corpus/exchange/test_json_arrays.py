"""Arrays are read object by object, whatever the chunks, and a fault is found where it is."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proofloom.corpus.exchange.json_arrays import ArrayError, read_objects

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.lists(st.dictionaries(st.text(max_size=4), VALUES, max_size=4), max_size=5)


class Trickle(io.StringIO):
    """A stream that gives a few characters at a time and remembers how far it was read."""

    def __init__(self, text: str, size: int) -> None:
        super().__init__(text)
        self.size = size

    def read(self, size: int | None = -1) -> str:
        return super().read(self.size)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(objects=OBJECTS, size=st.integers(1, 40), indent=st.sampled_from([None, 1]), plain=st.booleans())
def test_every_object_comes_in_order(objects: list[Any], size: int, indent: int | None, plain: bool) -> None:
    text = json.dumps(objects, indent=indent, ensure_ascii=plain)
    assert list(read_objects(Trickle(f" \n{text}\n ", size))) == objects


def test_only_what_is_needed_is_read() -> None:
    stream = Trickle(json.dumps([{"n": number, "t": "x" * 50} for number in range(1000)]), 100)
    objects = read_objects(stream)
    assert next(objects)["n"] == 0
    assert stream.tell() <= 200


@pytest.mark.parametrize(
    ("text", "good", "message"),
    [
        ("", 0, "does not begin with"),
        ("{}", 0, "does not begin with"),
        ("[", 0, "record 1: wanted an object"),
        ("[1]", 0, "record 1: wanted an object"),
        ('[{"a": 1}, 2]', 1, "record 2: wanted an object"),
        ('[{"a": 1}, {"b": }]', 1, "record 2: Expecting value"),
        ('[{"a": 1} {"b": 1}]', 1, "after record 1: wanted ',' or ']'"),
        ('[{"a": 1}', 1, "after record 1: wanted ',' or ']'"),
        ('[{"a": 1},]', 1, "record 2: wanted an object"),
        ('[{"a": "b}]', 0, "record 1: Unterminated string"),
        ('[{"a": 1}] x', 1, "after record 1: text after the end"),
    ],
)
@pytest.mark.parametrize("size", [1, 1000])
def test_a_fault_is_found_after_the_good_objects(text: str, good: int, message: str, size: int) -> None:
    seen = []

    def read() -> Iterator[object]:
        for value in read_objects(Trickle(text, size)):
            seen.append(value)
            yield value

    with pytest.raises(ArrayError, match=message):
        list(read())
    assert len(seen) == good


def test_a_fault_in_the_middle_does_not_read_to_the_end() -> None:
    stream = Trickle('[{"a": 1}, {"b" 2}, ' + '{"c": 3}, ' * 10_000, 500)
    with pytest.raises(ArrayError, match="record 2: Expecting ':'"):
        list(read_objects(stream))
    assert stream.tell() <= 1000
