"""`prove` with the real assistant and the real gate: what a user sees, and what is never lost."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import Running, children, gone, proofloom

from proofloom.policies.model.folder import can_load

pytestmark = pytest.mark.rocq

EASY = b"Lemma easy : forall n : nat, n = n.\nProof.\nAdmitted.\n"
EASY_DONE = b"Lemma easy : forall n : nat, n = n.\nProof.\n  easy.\nQed.\n"
FALSE = b"Lemma wrong : 1 = 2.\nProof.\nAdmitted.\n"
HARD = b"Lemma hard : forall n : nat, n * n * n + n = n.\nProof.\nAdmitted.\n"
"""False, with a search that does not end."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "F.v"
    path.write_bytes(EASY)
    return path


# -- what is found ------------------------------------------------------------------------------------------------


def test_the_object_has_exactly_these_fields(file: Path, tmp_path: Path) -> None:
    done = proofloom("prove", "F.v", "--json", cwd=tmp_path)
    (found,) = done.objects
    assert list(found) == [
        "file",
        "theorem",
        "outcome",
        "seconds",
        "cpu_seconds",
        "expansions",
        "tactics_tried",
        "proof",
        "verdict",
        "reason",
    ]
    assert (done.code, found["file"], found["theorem"], found["outcome"]) == (0, "F.v", "easy", "proved")
    assert found["proof"] == ["easy"]
    verdict = found["verdict"]
    assert verdict["accepted"] is True and verdict["level"] == 4 and verdict["axioms"] == []
    assert set(verdict["checks"].values()) == {"passed"}
    assert file.read_bytes() == EASY


def test_people_see_the_proof_and_every_outcome_counted(tmp_path: Path) -> None:
    (tmp_path / "F.v").write_bytes(EASY + FALSE)
    done = proofloom("prove", ".", "--time", "3", "--run", "one", cwd=tmp_path)
    assert done.code == 1
    with_model = "/model:0.15" * can_load()
    assert f'policy = "list{with_model}"' in (tmp_path / "runs" / "one" / "config.toml").read_text()
    assert "F.v:1: easy: proved in" in done.out
    assert "    easy." in done.out
    assert done.out.splitlines()[-1].startswith("2 holes in 1 file: 1 proved, 1 ")
    assert done.out.splitlines()[-1].endswith("no file changed")


def test_a_false_statement_is_not_proved(tmp_path: Path) -> None:
    (tmp_path / "F.v").write_bytes(FALSE)
    done = proofloom("prove", "F.v", "--time", "3", "--json", cwd=tmp_path)
    assert done.code == 1
    assert done.outcomes["wrong"] in ("exhausted", "out_of_budget")
    assert done.objects[0]["proof"] is None and done.objects[0]["verdict"] is None


def test_a_file_is_replaced_only_when_asked(file: Path, tmp_path: Path) -> None:
    file.chmod(0o640)
    assert proofloom("prove", "F.v", "--output", "out", cwd=tmp_path).code == 0
    assert (file.read_bytes(), (tmp_path / "out" / "F.v").read_bytes()) == (EASY, EASY_DONE)
    assert proofloom("prove", "F.v", "--write", cwd=tmp_path).code == 0
    assert file.read_bytes() == EASY_DONE
    assert file.stat().st_mode & 0o777 == 0o640
    again = proofloom("prove", "F.v", "--write", cwd=tmp_path)
    assert (again.code, again.out) == (0, "no holes to fill\n")


def test_gaps_of_one_proof_are_filled_together(tmp_path: Path) -> None:
    statement = b"Lemma t : forall n : nat, n = n /\\ 0 + n = n.\nProof.\n"
    data = statement + b"  split.\n  - admit.\n  - admit. (* here *)\nAdmitted.\n"
    (tmp_path / "F.v").write_bytes(data)
    done = proofloom("prove", "F.v", "--write", "--json", cwd=tmp_path)
    assert done.outcomes == {"t": "proved"}
    assert len(done.objects[0]["proof"]) == 2
    text = (tmp_path / "F.v").read_bytes()
    assert b"admit" not in text and b"(* here *)" in text and text.endswith(b"Qed.\n")


def test_an_admitted_lemma_is_not_used_silently(tmp_path: Path) -> None:
    data = (
        b"Definition odd := fun n : nat => n.\n#[local] Hint Resolve conj : core.\n"
        b"Lemma hard : forall n, odd n = 7. Admitted.\n#[local] Hint Resolve hard : core.\n"
        b"Lemma t : odd 3 = 7. Admitted.\n"
    )
    (tmp_path / "F.v").write_bytes(data)
    done = proofloom("prove", "F.v", "--time", "4", "--json", "--write", "--theorem", "t", cwd=tmp_path)
    (found,) = done.objects
    assert (done.code, found["outcome"]) == (1, "rejected")
    assert found["verdict"]["outcome"] == "incomplete" and "hard" in found["reason"]
    assert (tmp_path / "F.v").read_bytes() == data


@pytest.mark.parametrize("workers", [1, 2])
def test_a_lemma_found_in_this_run_may_be_used(tmp_path: Path, workers: int) -> None:
    data = (
        b"Fixpoint twice (n : nat) := match n with 0 => 0 | S m => S (S (twice m)) end.\n"
        b"Lemma base : forall n, twice (n + 0) = twice n. Admitted.\n#[local] Hint Resolve base : core.\n"
        b"Lemma t : forall n, twice (n + 0) = twice n /\\ True. Admitted.\n"
    )
    (tmp_path / "F.v").write_bytes(data)
    done = proofloom("prove", "F.v", "--json", "--write", "--time", "8", "--workers", workers, cwd=tmp_path)
    assert (done.code, done.outcomes) == (0, {"base": "proved", "t": "proved"})
    assert b"Admitted" not in (tmp_path / "F.v").read_bytes()


def test_a_module_of_the_library_is_loaded_only_when_asked(tmp_path: Path) -> None:
    data = b"Section S.\nLemma t : forall x y : nat, x < y -> y < x -> False.\nAdmitted.\nEnd S.\n"
    (tmp_path / "F.v").write_bytes(data)
    done = proofloom("prove", "F.v", "--require", "Lia", "--write", "--json", cwd=tmp_path)
    assert done.outcomes == {"t": "proved"} and done.objects[0]["proof"] == ["lia"]
    assert (tmp_path / "F.v").read_bytes() == (
        b"From Coq Require Import Lia.\nSection S.\nLemma t : forall x y : nat, x < y -> y < x -> False.\n"
        b"Proof.\n  lia.\nQed.\nEnd S.\n"
    )


def test_a_file_of_a_folder_that_cannot_be_used_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "F.v").write_bytes(EASY)
    (tmp_path / "bad-name.v").write_bytes(EASY)
    done = proofloom("prove", ".", "--json", cwd=tmp_path)
    assert (done.code, done.outcomes) == (1, {"easy": "proved"})
    assert "left out: bad-name.v: 'bad-name' is not an identifier" in done.error


def test_a_project_is_proved_with_its_own_names(tmp_path: Path) -> None:
    (tmp_path / "_CoqProject").write_text("-Q theories Shop\n")
    (tmp_path / "theories").mkdir()
    (tmp_path / "theories" / "Price.v").write_text("Definition price := 3.\n")
    (tmp_path / "theories" / "Sale.v").write_text(
        "From Shop Require Import Price.\nLemma cheap : price + price = 6.\nProof.\nAdmitted.\n"
    )
    unmade = proofloom("prove", "theories", "--json", cwd=tmp_path)
    assert unmade.outcomes == {"cheap": "unsupported"}
    assert unmade.objects[0]["reason"].startswith("theories/Sale.v:1: Cannot find a physical path")
    subprocess.run(["coqc", "-Q", "theories", "Shop", "theories/Price.v"], cwd=tmp_path, check=True)
    assert proofloom("prove", "theories", "--json", cwd=tmp_path).outcomes == {"cheap": "proved"}


# -- a run that is named --------------------------------------------------------------------------------------------


def test_a_named_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    (tmp_path / "F.v").write_bytes(EASY + FALSE)
    first = proofloom("prove", "F.v", "--time", "3", "--run", "one", "--json", cwd=tmp_path)
    assert first.outcomes["easy"] == "proved"
    journal = (tmp_path / "runs" / "one" / "journal.sqlite").read_bytes()
    second = proofloom("prove", "F.v", "--time", "3", "--run", "one", "--json", "--write", cwd=tmp_path)
    assert second.outcomes == first.outcomes
    assert [item["tactics_tried"] for item in second.objects] == [item["tactics_tried"] for item in first.objects]
    assert (tmp_path / "runs" / "one" / "journal.sqlite").read_bytes() == journal
    assert (tmp_path / "F.v").read_bytes() == EASY_DONE + FALSE
    page = (tmp_path / "runs" / "one" / "report.html").read_text()
    assert "easy" in page and "wrong" in page and "<script" not in page
    third = proofloom("prove", "F.v", "--time", "3", "--run", "one", "--json", cwd=tmp_path)
    assert list(third.outcomes) == ["wrong"]
    other = proofloom("prove", "F.v", "--time", "4", "--run", "one", cwd=tmp_path)
    assert "budget.seconds = 3.0, now it is 4.0" in other.complaint


# -- faults ---------------------------------------------------------------------------------------------------------


def test_without_rocq_one_line_says_how_to_get_it(file: Path, tmp_path: Path) -> None:
    done = proofloom("prove", "F.v", cwd=tmp_path, env={"PATH": str(tmp_path)})
    assert "apt-get install coq" in done.complaint
    doctor = proofloom("doctor", cwd=tmp_path, env={"PATH": str(tmp_path)})
    assert doctor.code == 1 and "MISSING  rocq" in doctor.out


def test_a_syntax_error_before_the_hole_is_named_by_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "F.v").write_bytes(EASY + b"\nDefinition x := 1 +.\n" + b"Lemma t : x = x. Admitted.\n")
    done = proofloom("prove", "F.v", "--json", "--write", cwd=tmp_path)
    assert done.code == 1
    assert done.outcomes["t"] == "unsupported"
    assert done.objects[1]["reason"].startswith("F.v:5: Syntax error")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["F.v", "--theorem", "esay"], "the holes are easy"),
        (["F.v", "--policy", "gpt"], "unknown policy 'gpt'; valid: list"),
        (["F.v", "--policy", "list+gpt"], "unknown policy 'gpt'; valid: list"),
        (["F.v", "--strategy", "worst"], "unknown strategy 'worst'; valid: best-first, single-pass"),
        (["F.v", "--axioms", "clasical"], "'clasical': no such bundle; wanted a full path or one of classical, funext"),
        (["F.v", "--require", "Lai"], "--require Lai: the standard library of Coq"),
        (["F.v", "--time", "0"], "--time 0: wanted a number of seconds above 0"),
        (["F.v", "--workers", "0"], "--workers"),
        (["F.v", "--write", "--output", "out"], "--write and --output cannot be used together"),
        (["F.v", "--output", "."], "F.v is an input of this run; to replace it use --write"),
        (["F.v", "--run", "a/b"], "--run a/b: wanted a name"),
        (["F.v", "--config", "none.toml"], "none.toml: cannot be read"),
        (["none.v"], "none.v: no such file or folder"),
        (["empty"], "empty: no .v or .lean file in this folder"),
        (["bad-name.v"], "bad-name.v: 'bad-name' is not an identifier"),
        (["notes.txt"], "notes.txt: wanted a file that ends in .v or .lean"),
        (["Open.v"], "the comment opened here is not closed"),
        ([], "Missing argument"),
        (["F.v", "--tiem", "3"], "--tiem"),
    ],
)
def test_bad_input_is_one_line_and_costs_nothing(
    file: Path, tmp_path: Path, arguments: list[str], complaint: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad-name.v").write_bytes(EASY)
    (tmp_path / "notes.txt").write_bytes(EASY)
    (tmp_path / "Open.v").write_bytes(b"(* open")
    assert complaint in proofloom("prove", *arguments, cwd=tmp_path).complaint
    assert file.read_bytes() == EASY


def test_bytes_that_are_not_utf8_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "F.v").write_bytes(b"(* caf\xe9 *)\r\n" + EASY.replace(b"\n", b"\r\n") + b"(* \xff *)")
    done = proofloom("prove", "F.v", "--write", "--json", cwd=tmp_path)
    assert done.outcomes == {"easy": "proved"}
    expected = b"(* caf\xe9 *)\r\n" + EASY_DONE.replace(b"\n", b"\r\n") + b"(* \xff *)"
    assert (tmp_path / "F.v").read_bytes() == expected
    broken = b"Definition caf\xe9 := 1.\n" + EASY
    (tmp_path / "G.v").write_bytes(broken)
    done = proofloom("prove", "G.v", "--write", "--json", cwd=tmp_path)
    assert done.outcomes == {"easy": "unsupported"}
    assert done.objects[0]["reason"].startswith("G.v:1: ")
    assert (tmp_path / "G.v").read_bytes() == broken


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 64 kB."""
    place = tmp_path / "disk"
    place.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", place]).returncode:
        pytest.skip("needs the right to mount a small file system; tests/assistants/test_files.py has doubles of it")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_a_full_disk_keeps_the_old_file(small_disk: Path) -> None:
    (small_disk / "F.v").write_bytes(EASY)
    with (small_disk / "filler").open("wb", buffering=0) as filler, pytest.raises(OSError, match="No space"):
        while True:
            filler.write(b"x" * 4096)
    done = proofloom("prove", "F.v", "--write", cwd=small_disk)
    assert done.code == 2
    assert "easy: proved" in done.out and "F.v: cannot be written (No space left on device)" in done.error
    assert (small_disk / "F.v").read_bytes() == EASY
    assert sorted(path.name for path in small_disk.iterdir()) == ["F.v", "filler"]


def test_a_read_only_folder_is_refused_before_the_search(small_disk: Path) -> None:
    (small_disk / "F.v").write_bytes(EASY)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    assert "is not a folder that you may write to" in proofloom("prove", "F.v", "--write", cwd=small_disk).complaint
    assert proofloom("prove", "F.v", cwd=small_disk).code == 0
    assert (small_disk / "F.v").read_bytes() == EASY


def test_of_two_runs_on_one_file_the_second_is_refused(tmp_path: Path) -> None:
    (tmp_path / "F.v").write_bytes(EASY + HARD)
    runs = [Running("prove", "F.v", "--write", "--time", "6", "--json", cwd=tmp_path) for _ in range(2)]
    first, second = sorted((run.end() for run in runs), key=lambda done: done.code)
    assert (first.code, second.code) == (1, 2)
    assert "F.v: was changed since it was read; nothing is written" in second.error
    assert second.outcomes["easy"] == "proved"
    assert (tmp_path / "F.v").read_bytes() == EASY_DONE + HARD
    assert [path.name for path in tmp_path.iterdir()] == ["F.v"]


@pytest.mark.parametrize(("workers", "number"), [(1, signal.SIGINT), (2, signal.SIGINT), (1, signal.SIGTERM)])
def test_ctrl_c_keeps_what_is_proved(tmp_path: Path, workers: int, number: signal.Signals) -> None:
    (tmp_path / "F.v").write_bytes(EASY + HARD)
    run = Running("prove", "F.v", "--write", "--time", "300", "--json", "--workers", workers, cwd=tmp_path)
    run.until("easy: proved")
    below = children(run.process.pid)
    run.send(number)
    done = run.end()
    assert done.code == 130
    assert done.outcomes == {"easy": "proved"}
    assert (tmp_path / "F.v").read_bytes() == EASY_DONE + HARD
    assert "Traceback" not in done.error
    assert gone(below, 10)


def test_ctrl_c_before_anything_is_found_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "F.v").write_bytes(EASY + FALSE + HARD)
    run = Running("prove", "F.v", "--write", "--time", "300", "--theorem", "hard", "--run", "one", cwd=tmp_path)
    while not (tmp_path / "runs" / "one" / "journal.sqlite").exists():
        assert run.process.poll() is None
    run.send(signal.SIGINT)
    done = run.end()
    assert done.code == 130 and "Traceback" not in done.error
    assert (tmp_path / "F.v").read_bytes() == EASY + FALSE + HARD


@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_that_is_killed_leaves_the_file_and_no_process(tmp_path: Path, workers: int) -> None:
    (tmp_path / "F.v").write_bytes(EASY + HARD)
    arguments = ("prove", "F.v", "--write", "--time", "300", "--workers", workers, "--run", "one", "--json")
    run = Running(*arguments, cwd=tmp_path)
    run.until("easy: proved")
    below = children(run.process.pid)
    run.send(signal.SIGKILL)
    run.end()
    assert (tmp_path / "F.v").read_bytes() == EASY + HARD
    assert sorted(path.name for path in tmp_path.iterdir()) == ["F.v", "runs"]
    assert below and gone(below, 20)
    resumed = Running(*arguments, cwd=tmp_path)
    resumed.send(signal.SIGINT)
    assert resumed.end().code in (130, -signal.SIGINT)


def test_output_to_a_reader_that_leaves_is_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "F.v").write_bytes(EASY)
    run = Running("prove", "F.v", cwd=tmp_path)
    assert run.process.stdout is not None
    run.process.stdout.close()
    assert run.process.stderr is not None
    error = run.process.stderr.read()
    assert run.process.wait(60) == 1
    assert "Traceback" not in error and "Exception" not in error
