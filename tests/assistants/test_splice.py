"""Where a script lands: its indentation, its line ends and its bullets."""

from __future__ import annotations

import pytest

from proofloom.assistants.rocq.source import Source
from proofloom.assistants.rocq.splice import closing

SPLIT = "destruct b.\n- reflexivity.\n- simpl.\n  reflexivity."
PLACES = [
    (
        "Lemma a : T.\nProof.\nAdmitted.\n",
        "lia.",
        "Lemma a : T.\nProof.\n  lia.\nQed.\n",
    ),
    (
        "Lemma a : T. Proof. Admitted.",
        "lia.",
        "Lemma a : T. Proof. lia. Qed.",
    ),
    (
        "  Lemma a : T. Admitted. (* end *)",
        SPLIT,
        "  Lemma a : T.\n  Proof.\n    destruct b.\n    - reflexivity.\n    - simpl.\n      reflexivity.\n"
        "  Qed. (* end *)",
    ),
    (
        "Lemma a : T.\nProof.\n  (* think *)\n\n  intros b.\nAdmitted.",
        SPLIT,
        "Lemma a : T.\nProof.\n  (* think *)\n\n  intros b.\n  destruct b.\n  - reflexivity.\n  - simpl.\n"
        "    reflexivity.\nQed.",
    ),
    (
        "Lemma a : T.\nProof.\n  split.\n  - auto.\n  - intros b. simpl.\nAdmitted.",
        SPLIT,
        "Lemma a : T.\nProof.\n  split.\n  - auto.\n  - intros b. simpl.\n    destruct b.\n"
        "    + reflexivity.\n    + simpl.\n      reflexivity.\nQed.",
    ),
    (
        "Lemma a : T.\nProof. split.\n  { auto. }\n  { Admitted.",
        "lia.\nlia.",
        "Lemma a : T.\nProof. split.\n  { auto. }\n  { lia.\n    lia.\nQed.",
    ),
    (
        "Lemma a : T. Proof. intros b.\nAdmitted.",
        "lia.",
        "Lemma a : T. Proof. intros b.\n  lia.\nQed.",
    ),
    (
        "Lemma a : T.\r\nProof.\r\nAdmitted.\r\n",
        "lia.\nlia.",
        "Lemma a : T.\r\nProof.\r\n  lia.\r\n  lia.\r\nQed.\r\n",
    ),
    (
        "Lemma a : T.\nProof.\n\tsplit.\n\t- auto.\n\t- idtac.\n\tAdmitted.",
        "lia.",
        "Lemma a : T.\nProof.\n\tsplit.\n\t- auto.\n\t- idtac.\n\t  lia.\n\tQed.",
    ),
    (
        "Lemma a : T.\nProof.\n  auto.\nAdmitted.",
        "",
        "Lemma a : T.\nProof.\n  auto.\nQed.",
    ),
    (
        "Lemma a : T.\nProof. split. { split. - auto. - auto. }\nAdmitted.",
        SPLIT,
        "Lemma a : T.\nProof. split. { split. - auto. - auto. }\n"
        "  destruct b.\n  - reflexivity.\n  - simpl.\n    reflexivity.\nQed.",
    ),
]


@pytest.mark.parametrize(("before", "script", "after"), PLACES)
def test_the_rest_of_a_proof(before: str, script: str, after: str) -> None:
    assert Source(before.encode()).filled({"a": [script]}).decode() == after


@pytest.mark.parametrize(
    ("before", "script", "after"),
    [
        ("- admit.", "lia.", "- lia."),
        ("- admit.", "lia.\nlia.", "- { lia.\n      lia. }"),
        (
            "- simpl. admit.",
            SPLIT,
            "- simpl. { destruct b.\n             - reflexivity.\n             - simpl.\n               reflexivity. }",
        ),
        ("- admit.", "all: lia.", "- { all: lia. }"),
        ("- admit.", "1: lia.", "- { 1: lia. }"),
        (
            "- (* x *) give_up. (* y *)",
            "rewrite (f x)\n  by lia.",
            "- (* x *) rewrite (f x)\n              by lia. (* y *)",
        ),
    ],
)
def test_an_admit(before: str, script: str, after: str) -> None:
    head = "Lemma a : T.\nProof.\n  split.\n  "
    source = Source(f"{head}{before}\nAdmitted.".encode())
    assert source.filled({"a": [script, ""]}).decode() == f"{head}{after}\nQed."


def test_a_long_line_is_not_made() -> None:
    script = "rewrite " + "very_long_name " * 6 + "."
    source = Source(b"Lemma a_statement : that = takes_room. Proof. Admitted.")
    assert f"Proof.\n  {script}\nQed." in source.filled({"a_statement": [script]}).decode()


def test_closing_puts_more_than_one_plain_tactic_in_braces() -> None:
    assert closing(" lia. ") == "lia."
    assert closing("lia. lia.") == "{ lia. lia. }"
    assert closing("par: lia.") == "{ par: lia. }"
