"""Which files and holes a run works on, and what is said about bad input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from stand_ins import FILE, input_file

from proofloom.app.languages import LEAN, ROCQ, Installation, Installed
from proofloom.app.proving.inputs import read_inputs
from proofloom.app.toml_records import BadInput
from proofloom.assistants.rocq.project import FileSettings
from proofloom.assistants.session import AssistantError


def settings_of(path: Path, toolchain: object) -> FileSettings:
    if "-" in path.stem:
        raise AssistantError(f"{path.name}: not an identifier")
    return FileSettings(path.stem)


def required(modules: Sequence[str], toolchain: object) -> str:
    return f"From Coq Require Import {' '.join(modules)}."


@pytest.fixture
def rocq(monkeypatch: pytest.MonkeyPatch) -> Installation:
    """A machine with Rocq and without Lean."""
    monkeypatch.setenv("PATH", "")
    return Installation({".v": Installed(replace(ROCQ, settings_for=settings_of, require=required), None)})


@pytest.fixture
def both(rocq: Installation) -> Installation:
    """A machine with both."""
    lean = Installed(replace(LEAN, settings_for=settings_of), None)
    return Installation({".v": rocq.of(ROCQ), ".lean": lean})


def put(path: Path, data: bytes = FILE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_a_folder_gives_all_files_below_it_in_order(tmp_path: Path, rocq: Installation) -> None:
    for name in ("b/Two.v", "b/a/Three.v", "a/One.v", ".git/Hidden.v", "notes.txt"):
        put(tmp_path / name)
    inputs = read_inputs([tmp_path], None, (), rocq)
    assert [file.below.as_posix() for file in inputs.files] == ["a/One.v", "b/Two.v", "b/a/Three.v"]
    assert [hole.path for hole in inputs.files[0].wanted] == ["a", "b", "c"]


def test_a_file_named_twice_is_taken_once(tmp_path: Path, rocq: Installation) -> None:
    file = put(tmp_path / "One.v")
    assert len(read_inputs([file, tmp_path, file], None, (), rocq).files) == 1


def test_a_file_of_a_folder_that_cannot_be_used_is_left_out_and_named(tmp_path: Path, rocq: Installation) -> None:
    put(tmp_path / "Good.v")
    put(tmp_path / "not-good.v")
    put(tmp_path / "Open.v", b"Lemma t : True. (* no end")
    inputs = read_inputs([tmp_path], None, (), rocq)
    assert [file.path.name for file in inputs.files] == ["Good.v"]
    assert [line.partition(":")[0].rpartition("/")[2] for line in inputs.left_out] == ["Open.v", "not-good.v"]
    with pytest.raises(BadInput, match=r"Open.v: .*cannot be cut into sentences: .*the comment"):
        read_inputs([tmp_path / "Open.v"], None, (), rocq)


def test_paths_that_give_nothing_are_bad_input(tmp_path: Path, rocq: Installation) -> None:
    with pytest.raises(BadInput, match=r"no \.v or \.lean file in this folder"):
        read_inputs([tmp_path], None, (), rocq)
    with pytest.raises(BadInput, match="no such file or folder"):
        read_inputs([tmp_path / "none.v"], None, (), rocq)


def test_a_theorem_is_found_by_name_or_path(tmp_path: Path, rocq: Installation) -> None:
    file = put(tmp_path / "M.v", b"Module M.\nLemma t : True. Admitted.\nEnd M.\nLemma t : False. Admitted.\n")
    assert [hole.path for hole in read_inputs([file], "t", (), rocq).files[0].wanted] == ["M.t", "t"]
    assert [hole.path for hole in read_inputs([file], "M.t", (), rocq).files[0].wanted] == ["M.t"]


def test_an_unknown_theorem_names_the_holes(tmp_path: Path, rocq: Installation) -> None:
    file = put(tmp_path / "M.v", FILE + b"Lemma done : True. Proof. exact I. Qed.\n")
    with pytest.raises(BadInput, match=r"--theorem d: is not a theorem here; the holes are a, b, c$"):
        read_inputs([file], "d", (), rocq)
    with pytest.raises(BadInput, match=r"--theorem done: is proved already; the holes are a, b, c$"):
        read_inputs([file], "done", (), rocq)
    put(tmp_path / "M.v", b"Definition x := 1.\n")
    with pytest.raises(BadInput, match=r"there is no hole to fill$"):
        read_inputs([file], "d", (), rocq)


def test_reasons_get_file_and_line_of_the_original(tmp_path: Path) -> None:
    file = input_file(tmp_path / "F.v", sentence="From Coq Require Import Lia.")
    assert file.source.data.startswith(b"(* toy *)\nFrom Coq Require Import Lia.\nLemma a")
    assert file.located("b", "it is a Let") == f"{file.path}:6: it is a Let"
    assert file.located("b", "line 8: no") == f"{file.path}:7: no"
    assert file.located("b", "line 1: no") == f"{file.path}:1: no"
    plain = input_file(tmp_path / "G.v")
    assert plain.source is plain.original
    assert plain.located("b", "line 8: no") == f"{plain.path}:8: no"


LEAN_FILE = b"theorem t : True := sorry\n"


def test_files_of_both_assistants_are_found(tmp_path: Path, both: Installation) -> None:
    put(tmp_path / "a" / "One.v")
    put(tmp_path / "a" / "Two.lean", LEAN_FILE)
    put(tmp_path / ".lake" / "packages" / "Three.lean", LEAN_FILE)
    files = read_inputs([tmp_path], None, (), both).files
    assert [(file.path.name, file.language.name, len(file.wanted)) for file in files] == [
        ("One.v", "Rocq", 3),
        ("Two.lean", "Lean", 1),
    ]


def test_an_assistant_is_asked_for_only_where_a_hole_is_wanted(tmp_path: Path, rocq: Installation) -> None:
    put(tmp_path / "One.v")
    put(tmp_path / "Done.lean", b"theorem u : True := trivial\n")
    assert read_inputs([tmp_path], None, (), rocq).left_out == ()
    put(tmp_path / "Two.lean", LEAN_FILE)
    put(tmp_path / "Open.lean", b"/- no end")
    assert read_inputs([tmp_path], "a", (), rocq).left_out == ()
    assert [file.path.name for file in read_inputs([tmp_path / "Done.lean"], None, (), rocq).files] == ["Done.lean"]


def test_a_missing_assistant_is_said_once(tmp_path: Path, rocq: Installation) -> None:
    put(tmp_path / "One.v")
    put(tmp_path / "A.lean", LEAN_FILE)
    put(tmp_path / "B.lean", LEAN_FILE)
    inputs = read_inputs([tmp_path], None, (), rocq)
    assert [file.path.name for file in inputs.files] == ["One.v"]
    (line,) = inputs.left_out
    assert line.startswith(f"2 Lean files with holes, such as {tmp_path / 'A.lean'}: Lean is not installed")
    with pytest.raises(BadInput, match="Lean is not installed"):
        read_inputs([tmp_path / "One.v", tmp_path / "A.lean"], None, (), rocq)
    (tmp_path / "One.v").unlink()
    with pytest.raises(BadInput, match="Lean is not installed"):
        read_inputs([tmp_path], None, (), rocq)


def test_modules_are_required_in_rocq_only(tmp_path: Path, both: Installation) -> None:
    put(tmp_path / "One.v")
    put(tmp_path / "Two.lean", LEAN_FILE)
    (file,) = read_inputs([tmp_path / "One.v"], None, ("Lia",), both).files
    assert file.sentence == "From Coq Require Import Lia."
    with pytest.raises(BadInput, match=r"--require Lia: is not for Lean; write the imports into .*Two\.lean"):
        read_inputs([tmp_path], None, ("Lia",), both)
