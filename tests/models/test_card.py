"""A card says all of its facts, once, and nothing in them can break its tables."""

from __future__ import annotations

from dataclasses import replace

import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")

from proofloom.models.card import OTHER, OURS, CardFacts, licence_of, model_card

FACTS = CardFacts(
    name="proofloom-nano",
    parameters=265472,
    data="stdlib at 8.16.1",
    split="figures@1",
    digest="abc123",
    examples={"train": 130000, "left out": 12},
    seeds={"weights": 1, "order": 2},
    settings={"batch": 64, "learning_rate": 1e-3, "precision": "auto"},
    figures={"validation loss": 1.23456789},
)


def test_a_card_says_its_facts() -> None:
    card = model_card(FACTS)
    assert card.startswith("---\nlicense: apache-2.0\n")
    for said in (
        "# proofloom-nano",
        "265,472 parameters",
        "stdlib at 8.16.1. Split `figures@1`, digest `abc123`.",
        "| train | 130000 |",
        "| weights | 1 |",
        "| learning_rate | 0.001 |",
        "| precision | auto |",
        "| validation loss | 1.23457 |",
    ):
        assert card.count(said) == 1, said
    assert model_card(FACTS) == card
    assert model_card(replace(FACTS, digest="other")) != card


def test_a_card_without_figures_has_no_empty_table_and_facts_stay_in_their_cell() -> None:
    card = model_card(replace(FACTS, figures={}, data="a|b\n# c"))
    assert "## Figures" not in card
    assert r"a\|b # c" in card


def test_the_licence_of_a_base_goes_on_and_is_ours_only_where_all_is_ours() -> None:
    own = model_card(FACTS)
    assert licence_of(own) == OURS
    further = model_card(replace(FACTS, base="first", licence=licence_of(own)))
    assert licence_of(further) == OURS
    assert "Training started from `first`." in further
    assert licence_of("---\nlicense: mit\n---\n# llama") == licence_of("# no card of ours") == OTHER
    theirs = model_card(replace(FACTS, base="llama", licence=OTHER))
    assert licence_of(theirs) == OTHER
    assert "Training started from `llama`, whose licence holds for it too." in theirs
