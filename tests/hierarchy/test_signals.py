"""Trees of states, files, texts, records and sets: every token once, in order, in the family it belongs to."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from states import STATES

from proofloom.hierarchy import LevelledText, example, levelled_state, levelled_text
from proofloom.hierarchy.nested import Branch, Domain, Kind, NestedSignal, Tree
from proofloom.hierarchy.picture import picture
from proofloom.hierarchy.signals import DOMAINS, file_tree, record, state_tree, text_tree, unordered
from proofloom.proofs import ProofState

STATE = "case inl\nA : Type\nx y : A\nH : forall z,\n    y = z\n⊢ y = x\n\ncase inr\n⊢ True"


def words(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(r"\w+|[^\w\s]+", text)]


def drawn(tree: Tree, text: str, width: int = 100) -> list[str]:
    offsets = words(text)
    return picture(NestedSignal.of([tree], len(offsets)), [text[a:b] for a, b in offsets], width=width)


def test_a_state_by_goals_and_fields() -> None:
    assert drawn(state_tree(levelled_text(STATE), words(STATE)), STATE) == [
        "state",
        "├─ goal",
        "│  ├─ case: case inl",
        "│  ├─ declarations",
        "│  │  ├─ A : Type",
        "│  │  ├─ x y : A",
        "│  │  └─ H : forall z , y = z",
        "│  └─ conclusion: ⊢ y = x",
        "└─ goal",
        "   ├─ case: case inr",
        "   └─ conclusion: ⊢ True",
    ]


def test_a_prompt_leaves_out_the_tactic() -> None:
    prompt = example(levelled_text("n : nat\n⊢ n = n"), "reflexivity")
    tree = state_tree(prompt, words(prompt.text))
    lines = drawn(tree, prompt.text)
    assert lines == [
        "state",
        "├─ [",
        "├─ GOAL",
        "├─ ]",
        "└─ goal",
        "   ├─ declarations",
        "   │  └─ n : nat",
        "   └─ conclusion: ⊢ n = n",
    ]
    with pytest.raises(ValueError, match="is inside the state"):
        state_tree(LevelledText("", ()), [(0, 0)])


@given(STATES.filter(lambda state: bool(state.goals)))
@settings(max_examples=40, deadline=None)
def test_every_token_of_a_state_is_a_leaf_in_order(state: ProofState) -> None:
    levelled = levelled_state(state)
    offsets = [match.span() for match in re.finditer(r"\s|\w+|[^\w\s]+", levelled.text)]
    tree = NestedSignal.of([state_tree(levelled, offsets)], len(offsets))
    assert tree.slot[tree.leaves].tolist() == list(range(len(offsets)))
    assert {domain.name for domain in tree.domains} <= set(DOMAINS)
    goals = [node for node in range(tree.nodes) if tree.parent[node] == 0 and not tree.leaf[node]]
    assert len(goals) == len(state.goals)


@given(st.text(alphabet="ab. A\n!", max_size=60))
@settings(max_examples=60, deadline=None)
def test_every_token_of_a_text_is_a_leaf_in_order(text: str) -> None:
    offsets = words(text)
    if not offsets:
        with pytest.raises(ValueError, match="no token in"):
            text_tree(text, offsets)
        return
    tree = NestedSignal.of([text_tree(text, offsets)])
    assert tree.slot[tree.leaves].tolist() == list(range(len(offsets)))
    assert tree.depth == 3


def test_paragraphs_and_sentences() -> None:
    text = "One is 1.5 here. Two (is it?) follows! 3 ends.\n \nAnother one\nwith a line."
    assert drawn(text_tree(text, words(text)), text) == [
        "paragraphs",
        "├─ sentences",
        "│  ├─ One is 1 . 5 here .",
        "│  ├─ Two ( is it ?) follows !",
        "│  └─ 3 ends .",
        "└─ sentences",
        "   └─ Another one with a line .",
    ]


def test_a_file_of_theorems() -> None:
    text = "add_comm a b = b a refl x = x"
    assert drawn(file_tree([((0,), (1, 2, 3, 4, 5)), ((6,), ())]), text)[:4] == [
        "file",
        "├─ theorem",
        "│  ├─ name: add_comm",
        "│  └─ statement: a b = b a",
    ]
    with pytest.raises(ValueError, match="theorem 1 has no tokens"):
        file_tree([((0,), ()), ((), ())])


def test_records_and_sets() -> None:
    card = Domain("card", Kind.RECORD, ("title", "tags"))
    tree = record(card, {"title": Branch(Domain("tokens"), (0, 1)), "tags": unordered("tags", (2, 3))})
    assert drawn(tree, "red hat wool warm") == ["card", "├─ title: red hat", "└─ tags: wool warm"]
    assert NestedSignal.of([tree]).domains[2].kind is Kind.SET


def test_pictures_cut_what_is_long_and_show_padding() -> None:
    tree: Tree = ((0, 1, 2, 3), None)
    assert drawn(tree, "alpha beta gamma delta", width=20) == ["sequence", "├─ alpha beta gamm …", "└─ (padding)"]
    chain: Tree = 0
    for token in range(1, 2000):
        chain = (chain, token)
    assert len(picture(NestedSignal.of([chain]), ["a"] * 2000, width=10)) == 3997
    assert picture(NestedSignal.of([tree])) == ["sequence", "├─ 0 1 2 3", "└─ (padding)"]
    with pytest.raises(ValueError, match="signal 1: wanted one from 0 to 0"):
        picture(NestedSignal.of([tree]), signal=1)
    with pytest.raises(ValueError, match="2 texts: wanted 4"):
        picture(NestedSignal.of([tree]), ["a", "b"])
