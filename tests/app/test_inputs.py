"""Which files and holes a run works on, and what is said about bad input."""

from __future__ import annotations

from pathlib import Path

import pytest
from stand_ins import FILE, input_file

from proofloom.app.inputs import read_inputs
from proofloom.app.toml_records import BadInput
from proofloom.assistants.rocq.project import FileSettings
from proofloom.assistants.session import AssistantError


def settings_of(path: Path) -> FileSettings:
    if "-" in path.stem:
        raise AssistantError(f"{path.name}: not an identifier")
    return FileSettings(path.stem)


def put(path: Path, data: bytes = FILE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_a_folder_gives_all_files_below_it_in_order(tmp_path: Path) -> None:
    for name in ("b/Two.v", "b/a/Three.v", "a/One.v", ".git/Hidden.v", "notes.txt"):
        put(tmp_path / name)
    inputs = read_inputs([tmp_path], None, "", settings_of)
    assert [file.below.as_posix() for file in inputs.files] == ["a/One.v", "b/Two.v", "b/a/Three.v"]
    assert [hole.path for hole in inputs.files[0].wanted] == ["a", "b", "c"]


def test_a_file_named_twice_is_taken_once(tmp_path: Path) -> None:
    file = put(tmp_path / "One.v")
    assert len(read_inputs([file, tmp_path, file], None, "", settings_of).files) == 1


def test_a_file_of_a_folder_that_cannot_be_used_is_left_out_and_named(tmp_path: Path) -> None:
    put(tmp_path / "Good.v")
    put(tmp_path / "not-good.v")
    put(tmp_path / "Open.v", b"Lemma t : True. (* no end")
    inputs = read_inputs([tmp_path], None, "", settings_of)
    assert [file.path.name for file in inputs.files] == ["Good.v"]
    assert [line.partition(":")[0].rpartition("/")[2] for line in inputs.left_out] == ["Open.v", "not-good.v"]
    with pytest.raises(BadInput, match=r"Open.v: .*cannot be cut into sentences: .*the comment"):
        read_inputs([tmp_path / "Open.v"], None, "", settings_of)


def test_paths_that_give_nothing_are_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no \.v file in this folder"):
        read_inputs([tmp_path], None, "", settings_of)
    with pytest.raises(BadInput, match="no such file or folder"):
        read_inputs([tmp_path / "none.v"], None, "", settings_of)


def test_a_theorem_is_found_by_name_or_path(tmp_path: Path) -> None:
    file = put(tmp_path / "M.v", b"Module M.\nLemma t : True. Admitted.\nEnd M.\nLemma t : False. Admitted.\n")
    assert [hole.path for hole in read_inputs([file], "t", "", settings_of).files[0].wanted] == ["M.t", "t"]
    assert [hole.path for hole in read_inputs([file], "M.t", "", settings_of).files[0].wanted] == ["M.t"]


def test_an_unknown_theorem_names_the_holes(tmp_path: Path) -> None:
    file = put(tmp_path / "M.v", FILE + b"Lemma done : True. Proof. exact I. Qed.\n")
    with pytest.raises(BadInput, match=r"--theorem d: is not a theorem here; the holes are a, b, c$"):
        read_inputs([file], "d", "", settings_of)
    with pytest.raises(BadInput, match=r"--theorem done: is proved already; the holes are a, b, c$"):
        read_inputs([file], "done", "", settings_of)
    put(tmp_path / "M.v", b"Definition x := 1.\n")
    with pytest.raises(BadInput, match=r"there is no hole to fill$"):
        read_inputs([file], "d", "", settings_of)


def test_reasons_get_file_and_line_of_the_original(tmp_path: Path) -> None:
    file = input_file(tmp_path / "F.v", sentence="From Coq Require Import Lia.")
    assert file.source.data.startswith(b"(* toy *)\nFrom Coq Require Import Lia.\nLemma a")
    assert file.located("b", "it is a Let") == f"{file.path}:6: it is a Let"
    assert file.located("b", "line 8: no") == f"{file.path}:7: no"
    assert file.located("b", "line 1: no") == f"{file.path}:1: no"
    plain = input_file(tmp_path / "G.v")
    assert plain.source is plain.original
    assert plain.located("b", "line 8: no") == f"{plain.path}:8: no"
