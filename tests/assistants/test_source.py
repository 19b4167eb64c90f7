"""Holes and proofs of a source text: every one is found where it is, and filling one touches nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofloom.assistants.holes import Hole
from proofloom.assistants.rocq.source import Source
from proofloom.assistants.session import AssistantError

FILE = rb"""(** Lists (* nested *) and a string "*)" here. caf\xe9 *)
Require Import Lia.
Set Default Goal Selector "!".
Lemma proved : 1 = 1. Proof. (* Admitted. *) reflexivity. Qed.

Module M.
  Section S.
    Variable x : nat.
    #[local] Lemma one : x = x.
    Proof.
    Admitted.
    Notation "a 'Admitted.' b" := (a + b) (at level 50).
  End S.
  Module Type T. Parameter t : nat. End T.
  Module F (X : T) <: T with Definition t := 0.
    Definition t := 0.
    Program Definition two : nat. Admitted.
  End F.
  Module N := M.
End M.
Theorem three' n : n + 0 = n.
Proof with auto.
  induction n.
  - admit.
  - simpl. (* admit. *)
    give_up.
Admitted.
Lemma gone : False. Abort.
Lemma \xc3\xa9\xe2\x82\x80 : True. Admitted.
Lemma last : True. Proof I.
Lemma open_end : True. idtac. Admitted.""".replace(rb"\xe9", b"\xe9").replace(rb"\xc3\xa9\xe2\x82\x80", "é₀".encode())


def filled_with(source: Source, script: str) -> bytes:
    return source.filled({hole.path: [script] * len(hole.gaps) for hole in source.holes if not hole.unsupported})


def only_gaps_differ(source: Source, result: bytes) -> bool:
    """True if `result` is the source with each gap replaced by something."""
    pieces: list[bytes] = []
    position = 0
    for hole in source.holes:
        for gap in hole.gaps:
            pieces.append(source.data[position : gap.start])
            position = gap.end
    pieces.append(source.data[position:])
    return re.fullmatch(b".+?".join(map(re.escape, pieces)), result, re.DOTALL) is not None


def test_every_hole_is_found_with_its_path_line_and_bytes() -> None:
    source = Source(FILE)
    assert [(hole.path, hole.line) for hole in source.holes] == [
        ("M.one", 9),
        ("M.F.two", 17),
        ("three'", 21),
        ("é₀", 29),
        ("open_end", 31),
    ]
    for hole in source.holes:
        text = FILE[hole.start : hole.end]
        assert text.endswith(b"Admitted.")
        assert text.startswith(hole.statement.split(" ")[0].encode())
        assert hole.unsupported == ""


def test_gaps_are_the_admits_and_the_rest() -> None:
    hole = Source(FILE).holes[2]
    assert [(FILE[gap.start : gap.end], gap.whole) for gap in hole.gaps] == [
        (b"admit.", False),
        (b"give_up.", False),
        (b"\nAdmitted.", True),
    ]
    assert hole.gaps[1].opening == ("Proof with auto.", "induction n.", "-", "admit.", "-", "simpl.")


def test_every_proof_is_found_with_its_tactics_and_ending() -> None:
    proofs = Source(FILE).proofs
    assert [(proof.path, proof.tactics, proof.ending) for proof in proofs] == [
        ("proved", ("reflexivity.",), "Qed."),
        ("last", (), "Proof I."),
    ]
    assert FILE[slice(*proofs[0].body)] == b" Proof. (* Admitted. *) reflexivity. Qed."


def test_filling_touches_only_the_gaps_and_leaves_no_hole() -> None:
    source = Source(FILE)
    result = filled_with(source, "auto.")
    assert only_gaps_differ(source, result)
    again = Source(result)
    assert again.holes == ()
    assert len(again.proofs) == len(source.proofs) + len(source.holes)


def test_one_hole_can_be_filled_alone() -> None:
    source = Source(FILE)
    result = source.filled({"M.F.two": ["exact 0."]})
    assert result == FILE.replace(b"two : nat. Admitted.", b"two : nat. Proof. exact 0. Qed.")
    assert [hole.path for hole in Source(result).holes] == ["M.one", "three'", "é₀", "open_end"]


def test_the_theorem_of_a_whole_gap() -> None:
    source = Source(FILE, Path("F.v"))
    theorem = source.theorem(source.holes[0])
    assert theorem.name == "one"
    assert theorem.path == "M.one"
    assert theorem.statement == "#[local] Lemma one : x = x."
    assert theorem.opening == ("Proof.",)
    assert theorem.ending == "Qed."
    assert theorem.file == Path("F.v")
    assert theorem.before.encode("utf-8", "surrogateescape") == FILE[: source.holes[0].start]


def test_the_theorem_of_an_admit_stands_in_a_brace_after_earlier_scripts() -> None:
    source = Source(FILE)
    hole = source.holes[2]
    first = source.theorem(hole)
    assert first.opening == ("Proof with auto.", "induction n.", "-", "{")
    assert first.ending == "}"
    second = source.theorem(hole, 1, ["reflexivity."])
    assert second.opening == (*first.opening[:-1], "reflexivity.", "-", "simpl.", "{")
    unfilled = source.theorem(hole, 1)
    assert unfilled.opening == (*first.opening[:-1], "admit.", "-", "simpl.", "{")
    rest = source.theorem(hole, 2, ["split. (* both *)\n- a.\n- b.", "auto."])
    assert rest.opening[3:] == ("{", "split.", "-", "a.", "-", "b.", "}", "-", "simpl.", "auto.")
    assert rest.ending == "Qed."


def test_restated_begins_after_the_proof_sentence() -> None:
    source = Source(
        b"Lemma a : True.\nSet Printing All. Proof using. (* c *)\n exact I. Defined.\nLemma b : True. auto. Save c."
    )
    first, second = (source.restated(proof) for proof in source.proofs)
    assert first.opening == ("Set Printing All.", "Proof using.")
    assert first.ending == "Defined."
    assert (second.opening, second.ending) == ((), "Qed.")
    assert [proof.tactics for proof in source.proofs] == [("exact I.",), ("auto.",)]


def test_replacing_a_proof_keeps_its_ending_and_its_head() -> None:
    data = b"  Lemma a : True.\n  Proof using x.\n    exact I.\n  Defined.\nLemma b : True. Proof I. (* end *)"
    source = Source(data)
    first, second = source.proofs
    assert (
        source.with_admitted(first)
        == b"  Lemma a : True.\n  Proof using x.\n  Admitted.\nLemma b : True. Proof I. (* end *)"
    )
    assert source.with_script(first, "auto.\nauto.") == (
        b"  Lemma a : True.\n  Proof using x.\n    auto.\n    auto.\n  Defined.\nLemma b : True. Proof I. (* end *)"
    )
    assert source.with_script(second, "auto.").endswith(b"Lemma b : True.\nProof.\n  auto.\nQed. (* end *)")
    assert source.with_admitted(second).endswith(b"Lemma b : True.\nProof.\nAdmitted. (* end *)")
    assert [hole.path for hole in Source(source.with_admitted(first)).holes] == ["a"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Lemma a : True. Proof. split; [auto | admit]. Admitted.", "larger tactic"),
        ("Lemma a : True. Proof. all: admit. Admitted.", "larger tactic"),
        ("Lemma a : True. Proof. try give_up. Admitted.", "larger tactic"),
        ("Lemma a : True. Proof. admit. Qed.", "does not end in `Admitted.`"),
        ("Lemma a : True. Proof. auto.", "has no end"),
        ("Section S. Let a : True. Admitted. End S.", "Let"),
        ("Instance : C. Admitted.", "no name"),
        ("Next Obligation. Admitted.", "no name"),
        ("Admit Obligations.", "obligations"),
        ("Theorem a : True with b : True. Admitted.", "together"),
        ("Foo a : True. Proof. Admitted.", "does not know"),
        ("Lemma a : True. Admitted. Lemma a : True. Admitted.", "same name"),
    ],
)
def test_holes_that_cannot_be_filled_are_found_and_say_why(text: str, reason: str) -> None:
    source = Source(text.encode())
    assert source.holes
    for hole in source.holes:
        assert reason in hole.unsupported
        assert hole.gaps == ()
        with pytest.raises(AssistantError, match=re.escape(hole.unsupported)):
            source.theorem(hole)
        with pytest.raises(ValueError, match="can be filled"):
            source.filled({hole.path: []})


@pytest.mark.parametrize(
    "text",
    [
        "Lemma a : True. Abort.",
        "Axiom a : True.",
        "(* Lemma a : True. Admitted. *)",
        'Definition s := "Lemma a : True. Admitted. ".',
        "Lemma a : True. Proof. apply admit. Qed.",
        "Lemma admit : True. Proof. exact I. Qed. Lemma b : True. Proof. apply M.admit_all. Qed.",
        "Fail Lemma a : False.",
        "Lemma a : True. Fail Qed. exact I. Qed.",
        "Program Instance a : C. Definition b := 1.",
    ],
)
def test_what_is_not_a_hole(text: str) -> None:
    assert Source(text.encode()).holes == ()


def test_a_missing_end_does_not_hide_the_theorems_after_it() -> None:
    source = Source(b"Lemma a : True. Proof. auto.\nLemma b : True. Admitted.\nLemma c : True. Proof. auto. Qed.")
    assert [(hole.path, hole.line) for hole in source.holes] == [("a", 1), ("b", 2)]
    assert "no end" in source.holes[0].unsupported
    assert "inside the proof of a" in source.holes[1].unsupported
    assert [proof.path for proof in source.proofs] == ["c"]


def test_saved_goals_get_the_names_that_rocq_gives() -> None:
    source = Source(
        b"Goal 1 = 1. Admitted. Module M. Goal 2 = 2. Admitted. End M. Goal 1 = 1. Abort."
        b" Goal 1 = 1. reflexivity. Save s. Goal 1 = 1. reflexivity. Qed. Goal 1 = 1. Admitted."
    )
    assert [hole.path for hole in source.holes] == ["Unnamed_thm", "M.Unnamed_thm", "Unnamed_thm1"]
    assert [proof.path for proof in source.proofs] == ["s", "Unnamed_thm0"]


def test_blanks_before_the_final_dot_change_nothing() -> None:
    source = Source(b"Lemma a : True.\nProof .\n  admit .\nTime Admitted .\nLemma b : True. exact I. Defined .")
    assert source.filled({"a": ["auto.", ""]}).startswith(b"Lemma a : True.\nProof .\n  auto.\nQed.\nLemma b")
    assert source.restated(source.proofs[0]).ending == "Defined."


def test_wrong_scripts_are_refused() -> None:
    source = Source(FILE)
    with pytest.raises(ValueError, match="1 scripts for 3 gaps"):
        source.filled({"three'": ["auto."]})
    with pytest.raises(ValueError, match="nowhere: not a hole"):
        source.filled({"nowhere": ["auto."]})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"Lemma a : True.\n(* open", "line 2: .*comment"),
        (b'Lemma a : True.\n\nDefinition s := "x.', "line 3: .*string"),
        (b"Lemma a : True", "line 1: .*no end"),
    ],
)
def test_text_that_cannot_be_cut_is_one_line(tmp_path: Path, data: bytes, message: str) -> None:
    file = tmp_path / "F.v"
    file.write_bytes(data)
    with pytest.raises(AssistantError, match=message) as caught:
        Source.read(file)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(AssistantError, match=r"Nowhere\.v: cannot be read \(No such file"):
        Source.read(tmp_path / "Nowhere.v")
    with pytest.raises(AssistantError, match="directory"):
        Source.read(tmp_path)


def test_an_empty_file_has_nothing() -> None:
    assert (Source(b"").holes, Source(b"").proofs) == ((), ())


HOLES = st.sampled_from(
    [
        "Lemma {n} : True. Admitted.",
        "Lemma {n} : True.\nProof.\nAdmitted.",
        "  Theorem {n} : True.\n  Proof. (* think. *)\n\n  Admitted.",
        "\tLemma {n} : True.\n\tProof.\n\t\tsplit.\n\t\t- admit.\n\t\t+ idtac.\n\tAdmitted.",
        "Lemma {n} : True. Proof. split. {{ admit. }}\n  * Admitted.",
        "Definition {n} : nat. (* x *) Admitted.",
        "Lemma {n} : True. Proof using. admit. admit. Admitted.",
    ]
)
PROVED = st.sampled_from(
    [
        "Lemma {n} : True. Proof. auto. Qed.",
        "Lemma {n} : True.\nProof.\n  split.\n  - auto.\nDefined.",
        "Definition {n} := 1.",
        "(* Lemma {n} : True. Admitted. *)",
        'Definition {n} := "Admitted. ".',
        "Lemma {n} : True. Abort.",
    ]
)
SCRIPTS = st.sampled_from(
    ["auto.", "", "induction n.\n- auto.\n- simpl.\n  auto.", 'idtac "a - b. "; auto. lia.', "é."]
)


@given(st.lists(st.tuples(st.booleans(), HOLES, PROVED), max_size=8), st.booleans(), SCRIPTS, st.booleans())
def test_generated_files_are_filled_without_touching_another_byte(
    blocks: list[tuple[bool, str, str]], windows: bool, script: str, final: bool
) -> None:
    texts: list[str] = []
    wanted: list[str] = []
    for number, (hole, first, second) in enumerate(blocks):
        module = f"M{number}"
        texts.append(f"Module {module}. Section S.")
        texts.append((first if hole else second).format(n="x'"))
        texts.append(f"End S. End {module}.")
        wanted += [f"{module}.x'"] if hole else []
    text = "\n".join(texts) + ("\n" if final else "")
    source = Source((text.replace("\n", "\r\n") if windows else text).encode())
    assert [hole.path for hole in source.holes] == wanted
    result = filled_with(source, script)
    assert only_gaps_differ(source, result) or not wanted
    assert Source(result).holes == ()
    assert (b"\n" in result.replace(b"\r\n", b"")) == (not windows and "\n" in result.decode())
    assert [proof.path for proof in Source(result).proofs if proof.path in wanted] == wanted


@given(st.lists(st.tuples(HOLES, SCRIPTS), min_size=1, max_size=4))
def test_the_opening_of_the_last_gap_is_what_the_filled_file_says(blocks: list[tuple[str, str]]) -> None:
    text = "\n".join(block.format(n=f"x{number}") for number, (block, _) in enumerate(blocks))
    source = Source(text.encode())
    scripts = {hole.path: [script] * len(hole.gaps) for hole, (_, script) in zip(source.holes, blocks, strict=True)}
    again = Source(source.filled(scripts))
    for hole in source.holes:
        theorem = source.theorem(hole, len(hole.gaps) - 1, scripts[hole.path])
        assert body_of(again, hole)[: len(theorem.opening)] == theorem.opening or theorem.opening == ()


def body_of(source: Source, hole: Hole) -> tuple[str, ...]:
    proof = next(proof for proof in source.proofs if proof.path == hole.path)
    return (*source.restated(proof).opening, *proof.tactics)
