"""A reading is data: it comes back from its record, and each of its fields changes the levels that it names."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from proofloom.hierarchy import (
    PAPER_RULES,
    PLAIN_READING,
    HintSource,
    Level,
    LevelSource,
    Reading,
    Universes,
    Variables,
    levelled_state,
    levelled_text,
    tagged,
)
from proofloom.proofs import ProofState

STATE = ProofState.parse("case inl\nA : Set\nx y : nat\nH : x = y\nf : A → A\ninst : Monoid A\nn : nat := 3\n⊢ y = x")


def levels(reading: Reading) -> str:
    """The first letters of the levels of the lines."""
    return "".join(Level(span.level).name[0] for span in reading.of_state(STATE).spans)


def test_the_plain_reading_is_the_structure_and_the_others_are_their_rules() -> None:
    assert PLAIN_READING.of_state(STATE) == levelled_state(STATE)
    assert PLAIN_READING.of_text(STATE.text) == levelled_text(STATE.text)
    assert Reading(LevelSource.PAPER).of_state(STATE) == levelled_text(STATE.text, PAPER_RULES)
    assert levels(PLAIN_READING) == levels(Reading(LevelSource.LINES)) == "CTIIIIIG"
    assert levels(Reading(LevelSource.PAPER)) == "CIIIIIIG"  # Set is no universe of Lean
    sort = ProofState.parse("h : Sort u\n⊢ h")
    assert [PLAIN_READING.of_state(sort, one).spans[0].level for one in (Universes.LEAN, Universes.ROCQ)] == [2, 3]


def test_variables_may_count_as_types_and_facts_instances_and_definitions_do_not() -> None:
    assert levels(Reading(variables=Variables.TYPE)) == "CTTITIIG"


def test_tags_name_the_levels_that_the_reading_gives() -> None:
    reading = Reading(variables=Variables.TYPE, tags=True)
    assert reading.of_state(STATE) == tagged(Reading(variables=Variables.TYPE).of_state(STATE))
    assert "<type>x y : nat\n<instance>H : x = y" in reading.of_state(STATE).text
    assert Reading(tags=True).of_text("⊢ p").text == "<goal>⊢ p"


def test_every_reading_comes_back_from_its_record() -> None:
    for source, variables, tags, hints in product(LevelSource, Variables, (False, True), (0, 64)):
        reading = Reading(source, variables, tags, hints)
        assert Reading.from_record(reading.record) == reading
    assert Reading.from_record({}) == PLAIN_READING


@pytest.mark.parametrize(
    ("record", "complaint"),
    [
        ({"levels": "words"}, "'words' is not a valid LevelSource"),
        ({"variables": "goal"}, "'goal' is not a valid Variables"),
        ({"tags": "yes"}, "reading tags='yes': wanted true or false"),
        ({"tag": True}, "reading tag=True: wanted only levels, variables, tags, hints"),
        ({"hints": -1}, "reading hints=-1: wanted a number of tokens"),
        ({"hints": True}, "reading hints=True: wanted a number of tokens"),
    ],
)
def test_a_record_that_is_none_is_refused(record: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Reading.from_record(record)


def test_a_word_is_as_good_as_its_value() -> None:
    assert Reading(levels="paper", variables="type", hints_from="bm25") == Reading(  # type: ignore[arg-type]
        LevelSource.PAPER, Variables.TYPE, hints_from=HintSource.BM25
    )
    assert Reading(variables="type").variables is Variables.TYPE  # type: ignore[arg-type]
