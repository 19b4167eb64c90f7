"""Tactic chains taken apart as text: nothing is lost, nothing inside brackets is cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofloom.assistants.rocq.sentences import code_of
from proofloom.corpus.rocq.chains import chain_of, tactic_after_dots


def pieces(sentence: str) -> list[str]:
    return [piece.tactic for piece in chain_of(sentence.encode()).pieces]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("auto.", ["auto"]),
        ("intros; simpl; auto.", ["intros", "simpl", "auto"]),
        ("split; [a; b | c].", ["split", "[> a; b | c]"]),
        ("split; [ | c].", ["split", "[> | c]"]),
        ("split; [|c].", ["split", "[> |c]"]),
        ("split; [> a | b ]; c.", ["split", "[> a | b ]", "c"]),
        ("t; first [a; b | c]; d.", ["t", "first [a; b | c]", "d"]),
        ("try (a; b); c.", ["try (a; b)", "c"]),
        ("a; match goal with |- _ => b; c end; d.", ["a", "match goal with |- _ => b; c end", "d"]),
        ("lazymatch x with _ => a; b end; c.", ["lazymatch x with _ => a; b end", "c"]),
        ("a; tryif b; c then d; e else f; g.", ["a", "tryif b; c then d; e else f", "g"]),
        ("now a; b.", ["now a; b"]),
        ("a; now b; c.", ["a", "now b; c"]),
        ("let x := y in a; b.", ["let x := y in a; b"]),
        ("a; let x := y in b; c.", ["a", "let x := y in b; c"]),
        ("rewrite now_we_go; a.", ["rewrite now_we_go", "a"]),
        ('idtac "; ("; a.', ['idtac "; ("', "a"]),
        ("a (* ; ( *); b.", ["a", "b"]),
        ("assert (H : x = {| f := 1; g := 2 |}); auto.", ["assert (H : x = {| f := 1; g := 2 |})", "auto"]),
        ("exists [1; 2]; auto.", ["exists [1; 2]", "auto"]),
        ("apply l.(f); auto.", ["apply l.(f)", "auto"]),
        ("Time a; b.", ["a", "b"]),
        ("Timeout 3 a; b.", ["a", "b"]),
        ("é; β'.", ["é", "β'"]),
    ],
)
def test_pieces_of_a_chain(sentence: str, expected: list[str]) -> None:
    assert pieces(sentence) == expected


@pytest.mark.parametrize(
    ("sentence", "selector", "goals", "selected"),
    [
        ("a.", "", 3, range(1)),
        ("a.", "", 0, range(0)),
        ("all: a.", "all", 3, range(3)),
        ("2: a.", "2", 3, range(1, 2)),
        ("2 - 3 : a; b.", "2-3", 3, range(1, 3)),
        ("4: a.", "4", 3, None),
        ("1,3: a.", "1,3", 3, None),
        ("[name]: a.", "[name]", 3, None),
        ("!: a.", "!", 1, range(1)),
    ],
)
def test_goals_that_a_sentence_selects(sentence: str, selector: str, goals: int, selected: range | None) -> None:
    chain = chain_of(sentence.encode())
    assert chain.selector == selector
    assert chain.selected(goals) == selected


def test_a_definition_is_no_selector() -> None:
    assert chain_of(b"x := 3.").selector == ""


def test_dots_are_told_and_left_out() -> None:
    chain = chain_of(b"intros; split...")
    assert chain.dots
    assert [piece.tactic for piece in chain.pieces] == ["intros", "split"]


@pytest.mark.parametrize(
    ("sentence", "tactic"),
    [
        (b"Proof with auto.", b"auto"),
        (b"Proof with (try easy); eauto with arith using foo.", b"(try easy); eauto with arith "),
        (b"Proof using A with auto.", b"auto"),
        (b"Proof with auto using conj.", b"auto using conj"),
        (b"Proof with try auto using conj, I using All.", b"try auto using conj, I "),
        (b"Proof with (simpl; eauto using conj) using A.", b"(simpl; eauto using conj) "),
        (b"Proof with simpl; easy using A B.", b"simpl; easy "),
        (b"Proof.", None),
        (b"Proof using without.", None),
    ],
)
def test_tactic_that_dots_stand_for(sentence: bytes, tactic: bytes | None) -> None:
    found = tactic_after_dots(sentence)
    assert (None if found is None else sentence[found[0] : found[1]].lstrip()) == tactic


WORDS = st.sampled_from(["auto", "x", "now'", "end'", "apply f", 'idtac "a;("', "(* ; ( *)", "left", "[> a | b]", "é"])


def bracketed(inside: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    joined = st.lists(inside, min_size=1, max_size=4).map("; ".join)
    return st.one_of(
        joined.map(lambda text: f"({text})"),
        joined.map(lambda text: f"try [{text} | {text}]"),
        joined.map(lambda text: f"match goal with _ => {text} end"),
        joined.map(lambda text: f"{{| f := {text} |}}"),
    )


TACTICS = st.recursive(WORDS, bracketed, max_leaves=12)


@given(st.lists(TACTICS, min_size=1, max_size=6), st.sampled_from(["; ", ";", " ;\n"]))
def test_pieces_joined_are_the_source(tactics: list[str], joint: str) -> None:
    sentence = (joint.join(tactics) + ".").encode()
    chain = chain_of(sentence)
    assert b";".join(sentence[piece.start : piece.end] for piece in chain.pieces) + b"." == sentence
    assert len(chain.pieces) == len(tactics)
    for piece, tactic in zip(chain.pieces, tactics, strict=True):
        assert piece.tactic.replace("[> ", "[") == code_of(tactic.encode()).decode().replace("[> ", "[")


@given(st.text(alphabet="ab;()[]{}|.\"* \n'", max_size=40))
def test_pieces_cover_any_sentence(text: str) -> None:
    sentence = f"{text.replace(chr(34), '').replace('(*', '( *')}.".encode()  # quotes first: `("*` opens a comment then
    chain = chain_of(sentence)
    assert chain.pieces
    assert all(a.end < b.start for a, b in zip(chain.pieces, chain.pieces[1:], strict=False))
