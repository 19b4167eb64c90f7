"""Which texts pass as tactics, how they are laid out, and how Lean text is cut into tokens."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofloom.assistants.lean.text.lexing import Kind, LexingError, code, tokens
from proofloom.assistants.lean.text.place import Opening
from proofloom.assistants.lean.text.tactics import NotATactic, tactic_text


@pytest.mark.parametrize(
    "tactic",
    [
        "exact h",
        "  simp [foo, ← bar] at h ⊢  ",
        "cases h with\n| inl a => exact a\n| inr b => exact b",
        "rw [h] -- a sorry in a comment",
        'exact "sorry (" ',
        "exact h.sorry",
        "exact «sorry»",
        "have h : s.card = #s := rfl",
        "open Classical in simp",
        "refine ⟨?_, 'x', '\"', fun x' => x''⟩",
        "exact f (g := 1) {x := 2}",
        "exact end_of_it the_theorem",
    ],
)
def test_tactics_pass(tactic: str) -> None:
    assert tactic_text(tactic) == tactic.strip()


@pytest.mark.parametrize(
    ("tactic", "reason"),
    [
        ("", "empty"),
        ("/- only -/ -- a comment", "empty"),
        ("sorry", "sorry is refused"),
        ("(admit)", "admit is refused"),
        ("exact sorryAx _ false", "sorryAx is refused"),
        ("native_decide", "native_decide is refused"),
        ("skip\naxiom x : False", "axiom is refused"),
        ("skip\n\nend Foo", "end is refused"),
        ("set_option debug.skipKernelTC true in simp", "set_option is refused"),
        ("run_tac foo", "run_tac is refused"),
        ("skip #eval 1", "#eval is refused"),
        ("exact (h", "brackets"),
        ("exact h)", "brackets"),
        ("exact ⟨h)", "brackets"),
        ('exact "abc', "a string without an end"),
        ("skip /- /- -/", "a comment without an end"),
    ],
)
def test_what_is_no_tactic_is_refused(tactic: str, reason: str) -> None:
    with pytest.raises(NotATactic, match=reason):
        tactic_text(tactic)


def test_tokens_know_comments_and_strings() -> None:
    text = 'a.b\' -- c\n/- d /- e -/ -/ "f\\" -- g" r#"h"i"# «j k».l 12 ⟨\'"\'⟩ x\''
    found = [(token.kind, token.text) for token in tokens(text)]
    assert found == [
        (Kind.WORD, "a.b'"),
        (Kind.COMMENT, "-- c"),
        (Kind.COMMENT, "/- d /- e -/ -/"),
        (Kind.STRING, '"f\\" -- g"'),
        (Kind.STRING, 'r#"h"i"#'),
        (Kind.WORD, "«j k».l"),
        (Kind.NUMBER, "12"),
        (Kind.SIGN, "⟨"),
        (Kind.STRING, "'\"'"),
        (Kind.SIGN, "⟩"),
        (Kind.WORD, "x'"),
    ]
    assert [token.text for token in code("a /- b -/ c -- d")] == ["a", "c"]


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="ab. -/\"'«»()\n\\r#✝", max_size=30))
def test_tokens_cover_the_text(text: str) -> None:
    try:
        found = list(tokens(text))
    except LexingError as error:
        assert 0 <= error.position < len(text)
        return
    position = 0
    for token in found:
        assert text[position : token.start].strip() == ""
        assert text[token.start : token.end] == token.text
        position = token.end
    assert text[position:].strip() == ""


@pytest.mark.parametrize(
    ("head", "line", "column", "text"),
    [
        ("theorem t : p := by", 0, 17, "\n  a\n  b\n    c"),
        ("theorem t : p :=\n  by", 1, 2, "\n    a\n    b\n      c"),
        ("x\n  · have 𝔸 : p := by", 1, 19, "\n      a\n      b\n        c"),
        ("x\n  | zero => exact by", 1, 18, "\n              a\n              b\n                c"),
        ("x\n  ·", 1, 2, " a\n    b\n      c"),
        ("x\n  | succ n => ·", 1, 14, " a\n                b\n                  c"),
    ],
)
def test_tactics_stand_where_lean_reads_them_as_one_block(head: str, line: int, column: int, text: str) -> None:
    opening = Opening(head)
    assert (opening.anchor.line, opening.anchor.column) == (line, column)
    assert opening.lines(["a", "b\n  c"]) == text
