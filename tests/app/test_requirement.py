"""Where a `Require` goes: at the outermost level, after a sentence, changing nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofloom.app.requirement import insertion, require_sentence
from proofloom.app.toml_records import BadInput
from proofloom.assistants.rocq.source import Source
from proofloom.assistants.rocq.toolchain import RocqToolchain

SENTENCE = "From Coq Require Import Lia."


def with_sentence(text: str) -> str:
    data = text.encode()
    return insertion(data, Source(data).holes[0].start, SENTENCE).into(data).decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Lemma t : True. Admitted.\n", f"{SENTENCE}\nLemma t : True. Admitted.\n"),
        ("(* head *)\nLemma t : True. Admitted.\n", f"(* head *)\n{SENTENCE}\nLemma t : True. Admitted.\n"),
        (
            "Require Import List.\n\n(** doc *)\nLemma t : True. Admitted.\n",
            f"Require Import List.\n{SENTENCE}\n\n(** doc *)\nLemma t : True. Admitted.\n",
        ),
        (
            "Definition x := 1. (* one\n two *)\nLemma t : True. Admitted.\n",
            f"Definition x := 1.\n\n{SENTENCE} (* one\n two *)\nLemma t : True. Admitted.\n",
        ),
        (
            "Definition x := 1.\r\nSection S.\r\nVariable n : nat.\r\nModule M.\r\nLemma t : True. Admitted.\r\n",
            f"Definition x := 1.\r\n\r\n{SENTENCE}\r\nSection S.\r\nVariable n : nat.\r\nModule M.\r\n"
            "Lemma t : True. Admitted.\r\n",
        ),
        (
            "Section S. End S.\nSection T.\nLemma t : True. Admitted.\nEnd T.\n",
            f"Section S. End S.\n\n{SENTENCE}\nSection T.\nLemma t : True. Admitted.\nEnd T.\n",
        ),
        (
            "Module M.\nLemma t : True. Admitted.\nEnd M.\n",
            f"{SENTENCE}\nModule M.\nLemma t : True. Admitted.\nEnd M.\n",
        ),
    ],
)
def test_it_stands_outside_everything(before: str, after: str) -> None:
    assert with_sentence(before) == after


@given(st.lists(st.sampled_from(["Definition x := 1.", "(* c *)", "", "Section S.", "Module M."]), max_size=8))
def test_lines_are_counted_in_the_original(lines: list[str]) -> None:
    data = ("\n".join([*lines, "Lemma t : True.", "Proof.", "Admitted.", ""])).encode()
    put = insertion(data, Source(data).holes[0].start, SENTENCE)
    for number, line in enumerate(put.into(data).decode().split("\n"), 1):
        if line in ("Lemma t : True.", "Proof.", "Admitted."):
            assert data.decode().split("\n")[put.original_line(number, data) - 1] == line


def test_a_module_that_does_not_exist_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "theories" / "micromega").mkdir(parents=True)
    (tmp_path / "theories" / "micromega" / "Lia.vo").touch()
    toolchain = RocqToolchain((8, 16, 1), ("coqc",), ("coqidetop",), ("coqchk",), tmp_path)
    assert require_sentence(["Lia", "micromega.Lia"], toolchain) == "From Coq Require Import Lia micromega.Lia."
    for wrong in ("Lai", "Lia. Axiom x : False", "../Lia", "Li*"):
        with pytest.raises(BadInput, match="no such module"):
            require_sentence([wrong], toolchain)
