"""The sentence splitter: every byte is in a sentence or between two, and the cuts are where Rocq makes them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofloom.assistants.rocq.sentences import SourceError, code_of, split

COMMENTS = st.sampled_from(
    [b"(* a. b *)", b"(* (* nested. *) Qed. *)", b'(* "*)" Admitted. *)', b"(** caf\xe9. *)", b"(***)", b"(*\r\n.*)"]
)
BLANKS = st.sampled_from([b" ", b"\n", b"\r\n", b"\t", b"\n\n  "])
SENTENCES = st.sampled_from(
    [
        b"Lemma a' : forall n, n = n.",
        b"Proof.",
        b"auto with arith.",
        b"auto...",
        b'Notation "a . b" := (f a b).',
        b'exact "x. "" y. ".',
        b"rewrite M.N.t.",
        b"intros (* inside. *) x.",
        "Lemma é₀ : ∀ x, x ≤ x.".encode(),
        b"Qed.",
    ]
)
BULLETS = st.sampled_from([b"-", b"++", b"***", b"{", b"}", b"2: {", b"[goal] : {"])
PARTS = st.lists(st.tuples(BLANKS, st.one_of(COMMENTS, SENTENCES, BULLETS)), max_size=12)


@given(PARTS)
def test_the_pieces_that_were_put_in_come_out(parts: list[tuple[bytes, bytes]]) -> None:
    source = b"".join(blank + piece for blank, piece in parts)
    wanted = [piece for _, piece in parts if not piece.startswith(b"(*")]
    sentences = list(split(source))
    assert [sentence.raw for sentence in sentences] == wanted
    assert [source[sentence.start : sentence.end] for sentence in sentences] == wanted


@given(st.binary(max_size=40) | st.text('ab.(*)"{}-+ \n:1', max_size=40).map(str.encode))
def test_between_sentences_there_is_only_white_space_and_comments(source: bytes) -> None:
    try:
        sentences = list(split(source))
    except SourceError as error:
        assert 0 <= error.position < len(source)
        return
    position = 0
    for sentence in sentences:
        assert position <= sentence.start < sentence.end
        assert code_of(source[position : sentence.start]) == b""
        assert sentence.raw.strip() == sentence.raw
        position = sentence.end
    assert code_of(source[position:]) == b""


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("a.b. c.", ["a.b.", "c."]),
        ("a.. b.", ["a.. b."]),
        ("a... b.", ["a...", "b."]),
        ("- - a.", ["-", "-", "a."]),
        ("--a.", ["--", "a."]),
        ("{a. }", ["{", "a.", "}"]),
        ("{| x |}.", ["{| x |}."]),
        ("1:{ a. }", ["1:{", "a.", "}"]),
        ("1: auto.", ["1: auto."]),
        ("* (* c *) a.", ["*", "a."]),
        ("a.(* c *) b.", ["a.(* c *) b."]),
        ("", []),
        ("(* only. *)", []),
    ],
)
def test_cuts(source: str, wanted: list[str]) -> None:
    assert [sentence.text for sentence in split(source.encode())] == wanted


@pytest.mark.parametrize(
    ("source", "position", "message"),
    [
        (b"a. (* b.", 3, "comment"),
        (b'a. b "c.', 5, "string"),
        (b"a. b", 3, "has no end"),
        (b'(* "*)', 3, "string"),
    ],
)
def test_what_is_not_closed_is_named(source: bytes, position: int, message: str) -> None:
    with pytest.raises(SourceError, match=message) as caught:
        list(split(source))
    assert caught.value.position == position


def test_code_has_neither_comments_nor_line_ends_but_keeps_strings() -> None:
    assert code_of(b'  exact (* a "b*)" c *)\r\n\t("x  y").') == b'exact ("x  y").'


@given(SENTENCES, COMMENTS)
def test_a_comment_between_words_does_not_change_the_code(sentence: bytes, comment: bytes) -> None:
    if re.search(rb'["(]', sentence):
        return
    assert code_of(sentence.replace(b" ", b" " + comment + b"\n")) == code_of(sentence)
