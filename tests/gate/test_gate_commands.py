"""What a candidate may not add, through the prefixes and places in which a sentence can hide."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofloom.assistants.gate.refusals import Doubt
from proofloom.assistants.gate.rocq.commands import additions, ban, forbidden, harmless

SENTENCES = [
    "Lemma a : True.",
    "Proof.",
    "exact I.",
    "Qed.",
    "Set Printing All.",
    'Redirect "x" Check I.',
    "-",
    "}",
]


@pytest.mark.parametrize(
    "code",
    [
        'Redirect "out" Print nat.',
        'Time Redirect "out" Print nat.',
        'Fail Timeout 3 Redirect"out" Print nat.',
        'Extraction "out.ml" nat.',
        "Recursive Extraction nat.",
        'Extract Constant x => "y".',
        "Extraction TestCompile nat.",
        'Print Universes "out".',
        'Print Universes Subgraph (x) "out".',
        'Load "x".',
        'Declare ML Module "x".',
        'Add LoadPath "x" as X.',
        'Add Rec LoadPath "x" as X.',
        'Add ML Path "x".',
        "Undo.",
        "Restart.",
        "Reset t.",
        "BackTo 3.",
        "Drop.",
        "Quit.",
        "Register nat as core.nat.type.",
        "Primitive add := #int63_add.",
        "Unset Guard Checking.",
        "Set Definitional UIP.",
        "#[local] Unset Universe Checking.",
        "#[export, program] Unset Positivity Checking.",
        '#[deprecated(since="]", note="a"" ]")] Set Cumulative StrictProp.',
        "Local Set NativeCompute Profiling.",
        "#[bypass_check(guard)] Fixpoint f (n : nat) : nat := f n.",
        "1: native_compute.",
        "all: try native_cast_no_check I.",
        "Rewrite Rule r := f x => x.",
    ],
)
def test_banned(code: str) -> None:
    assert ban(code) is not None


@pytest.mark.parametrize(
    "code",
    [
        "apply H.",
        "1: { exact I. }",
        "[x]: reflexivity.",
        "-",
        "Lemma t : 1 = 1.",
        "Print nat.",
        "Print Assumptions t.",
        "Set Printing All.",
        "#[global] Set Universe Polymorphism.",
        'Set Warnings "-all".',
        "Unset Lia Cache.",
        'Set Default Goal Selector "!".',
        'idtac "Redirect".',
        "Definition Loaded := 1.",
        "rewrite Reset_eq.",
        "Add Ring r : th.",
        "Add Morphism f with signature eq ==> eq as f_mor.",
        "Declare Scope s.",
        "Declare Module M : T.",
        "Remove Hints h : core.",
        "Axiom a : False.",
        "vm_compute.",
        "Crush.",
    ],
)
def test_not_banned(code: str) -> None:
    assert ban(code) is None


def test_names_in_comments_and_strings_do_not_count() -> None:
    candidate = b'Lemma t : True. (* Redirect "x" *) Proof. idtac "Redirect "" x". exact I. Qed.'
    assert forbidden(b"Lemma t : True. Admitted.", candidate) is None


def test_a_sentence_hidden_after_a_string_in_a_comment_is_found() -> None:
    candidate = b'(* "*)" *) Redirect "out" Print nat. (* "(*" *) Lemma t : True. Admitted.'
    found = forbidden(b"Lemma t : True. Admitted.", candidate)
    assert found is not None
    assert "Redirect" in found


@given(st.lists(st.sampled_from(SENTENCES)))
def test_nothing_is_added_to_the_same_text(sentences: list[str]) -> None:
    text = "\n".join(sentences).encode()
    assert list(additions(text, text)) == []
    assert forbidden(text, text) is None


@given(st.lists(st.sampled_from(SENTENCES), max_size=12), st.integers(min_value=0), st.sampled_from(SENTENCES))
def test_one_added_sentence_is_found(sentences: list[str], place: int, added: str) -> None:
    position = place % (len(sentences) + 1)
    longer = [*sentences[:position], added, *sentences[position:]]
    assert list(additions("\n".join(sentences).encode(), "\n".join(longer).encode())) == [added]


@given(st.lists(st.sampled_from(SENTENCES), max_size=12), st.lists(st.sampled_from(SENTENCES), max_size=12))
def test_a_banned_sentence_more_than_before_is_always_found(old: list[str], new: list[str]) -> None:
    banned = 'Redirect "x" Check I.'
    if new.count(banned) > old.count(banned):
        assert forbidden("\n".join(old).encode(), "\n".join(new).encode()) is not None


def test_where_texts_are_too_long_to_compare_all_that_differs_is_added() -> None:
    old = b"Lemma a : True. " + b"Set Definitional UIP. auto. " * 1200 + b"Qed."
    new = b"Lemma a : True. " + b"auto. Set Definitional UIP. " * 1300 + b"Qed."
    assert forbidden(old, new) is not None


def test_uncut_text_is_a_doubt() -> None:
    with pytest.raises(Doubt, match="candidate"):
        forbidden(b"Lemma t : True. Admitted.", b"Lemma t : True. (* ")


def test_options() -> None:
    assert harmless("Printing All")
    assert harmless("Lia Cache")
    assert not harmless("Universe Checking")
    assert not harmless("Printingx")
