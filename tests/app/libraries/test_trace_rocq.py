"""`proofloom trace` as a user types it: a development is traced, gone on with, killed, changed, and shared."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from command import Running, children, gone, proofloom

from proofloom.app.libraries.trace import TraceRequest, trace_library
from proofloom.app.toml_records import BadInput
from proofloom.assistants.executor import InProcess
from proofloom.assistants.session import AssistantError
from proofloom.corpus.library import DEFAULT_PLACE, Library
from proofloom.corpus.rocq.trace import open_rocq_tracer
from proofloom.corpus.storage.database import VERSION_TABLE, LibraryError
from proofloom.corpus.trace import Progress, TraceReport
from proofloom.corpus.trace import trace as trace_files
from proofloom.corpus.tracer import TraceLimits

sys.path.append(str(Path(__file__).parents[2] / "corpus" / "rocq"))
from rocq_development import compile_files, content, target_of, toolchain, write

pytestmark = pytest.mark.rocq

FILES = 4
LEMMA = "Lemma {name}{i} (n : nat) : n + {i} = {i} + n.\nProof.\n  induction n; simpl; auto.\nQed.\n"


def source(number: int) -> str:
    """A file whose lemmas use that of the file before; the later ones are smaller, so that they are traced later."""
    lemmas = "".join(LEMMA.format(name=f"t{number}_", i=i) for i in range(1, 2 * (FILES - number) + 2))
    if number == 0:
        return lemmas
    used = f"t{number - 1}_1"
    return f"From Dev Require Import F{number - 1}.\nLemma u : 2 + 1 = 1 + 2.\nProof. apply {used}. Qed.\n{lemmas}"


LAST = f"F{FILES - 1}.v"
SOURCES = {f"F{number}.v": source(number) for number in range(FILES)}


@pytest.fixture
def development(tmp_path: Path) -> Path:
    """A compiled development; the library is at the default place in it."""
    write(tmp_path, SOURCES)
    compile_files(tmp_path, *SOURCES)
    return tmp_path


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[object, ...]]:
    """What a trace of the development stores that nothing happens to."""
    folder = write(tmp_path_factory.mktemp("undisturbed"), SOURCES)
    compile_files(folder, *SOURCES)
    assert proofloom("trace", ".", "--jobs", 1, cwd=folder).code == 0
    return content(folder / DEFAULT_PLACE)


def test_a_development_is_traced_gone_on_with_and_taken_up_when_it_changes(
    development: Path, undisturbed: list[tuple[object, ...]]
) -> None:
    done = proofloom("trace", ".", "--jobs", 2, "--json", cwd=development)
    assert done.code == 0, done.error
    (told,) = done.objects
    assert (told["stored"], told["skipped"], told["failed"], told["interrupted"]) == (FILES, 0, [], False)
    assert told["database"] == str(DEFAULT_PLACE)
    lemmas = sum(text.count("Lemma") for text in SOURCES.values())
    assert told["funnel"]["files"] == FILES
    assert told["funnel"]["proofs"] == told["funnel"]["premises"] == lemmas
    assert told["funnel"]["sentences"] == 4 * (lemmas - (FILES - 1)) + 4 * (FILES - 1) + (FILES - 1)
    assert told["funnel"]["steps"] == 3 * lemmas - 2 * (FILES - 1)
    assert told["funnel"]["steps_with_premises"] == FILES - 1
    assert [line.partition("left] ")[2] for line in done.error.splitlines()] != []
    assert content(development / DEFAULT_PLACE) == undisturbed

    again = proofloom("trace", ".", "--jobs", 1, cwd=development)
    assert again.code == 0
    assert again.error == ""
    last = again.out.splitlines()[-1]
    assert re.fullmatch(rf"0 files traced in \d+ s; {FILES} were there already: {re.escape(str(DEFAULT_PLACE))}", last)
    assert f"{lemmas:>9,}  proofs" in again.out

    (development / LAST).write_text(SOURCES[LAST] + LEMMA.format(name="new", i=9))
    compile_files(development, LAST)
    (changed,) = proofloom("trace", ".", "--jobs", 1, "--json", cwd=development).objects
    assert (changed["stored"], changed["skipped"]) == (1, FILES - 1)
    assert changed["funnel"]["proofs"] == lemmas + 1


def test_a_file_that_fails_does_not_stop_the_others(development: Path) -> None:
    (development / "Bad.v").write_text("Lemma a : 0 = 0.\nProof.\n  apply nothing.\nQed.\n")
    done = proofloom("trace", ".", "--jobs", 2, "--json", cwd=development)
    assert done.code == 1
    (told,) = done.objects
    assert told["stored"] == FILES
    (failed,) = told["failed"]
    assert (failed["path"], failed["line"], failed["sentence"]) == ("Bad.v", 3, "apply nothing.")
    shown = proofloom("trace", ".", "--jobs", 1, cwd=development)
    assert shown.code == 1
    line = "Bad.v:3: 'apply nothing.': The reference nothing was not found in the current environment."
    failure, last = shown.out.splitlines()[-2:]
    assert failure == f"failed: {line}"
    assert re.fullmatch(
        rf"0 files traced in \d+ s; {FILES} were there already; 1 failed: {re.escape(str(DEFAULT_PLACE))}", last
    )
    assert line in shown.error


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_trace_that_is_ended_leaves_whole_files_and_goes_on(
    development: Path, undisturbed: list[tuple[object, ...]], number: signal.Signals
) -> None:
    running = Running("trace", ".", "--jobs", 2, cwd=development)
    running.until(f"[1/{FILES}")
    below = children(running.process.pid)
    running.send(number)
    ended = running.end(200)
    assert ended.code == (-9 if number is signal.SIGKILL else 130)
    assert gone(below, 60)
    place = development / DEFAULT_PLACE
    with Library.open(place, create=False) as library:
        files = {file.path for file in library.files()}
    assert 1 <= len(files) < FILES
    kept = content(place)
    assert [row for row in undisturbed if row in kept] == kept
    (told,) = proofloom("trace", ".", "--jobs", 2, "--json", cwd=development).objects
    assert (told["stored"], told["skipped"]) == (FILES - len(files), len(files))
    assert content(place) == undisturbed


def test_two_traces_at_once_store_every_file_once(development: Path, undisturbed: list[tuple[object, ...]]) -> None:
    """Both may trace a file; the second to be done finds it there and changes nothing."""
    running = [Running("trace", ".", "--jobs", 1, "--json", cwd=development) for _ in range(2)]
    ended = [process.end(200) for process in running]
    assert [end.code for end in ended] == [0, 0], [end.error for end in ended]
    for end in ended:
        (told,) = end.objects
        assert told["stored"] + told["skipped"] == FILES
    assert content(development / DEFAULT_PLACE) == undisturbed


def trace(folder: Path, target: str, out: str | Path, commit: str | None = None) -> int:
    """The verb in this process."""
    lines: list[str] = []
    done = trace_library(TraceRequest(str(folder / target), out=str(folder / out), commit=commit), lines.append)
    assert lines
    return done


def test_states_of_a_development_that_have_names_live_side_by_side(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"A.v": "Lemma a : 0 = 0. Proof. reflexivity. Qed.\n", "B.v": "Lemma b : True. Proof. exact I. Qed.\n"},
    )
    assert trace(tmp_path, ".", "library.sqlite", "one") == 0
    (tmp_path / "B.v").write_text("Lemma c : True.\nProof. split. Qed.\n")
    assert trace(tmp_path, ".", "library.sqlite", "two") == 0
    with Library.open(tmp_path / "library.sqlite") as library:
        assert [entry.repository.commit for entry in library.repositories()] == ["one", "two"]
        assert [t.full_name for t in library.theorems()] == ["Dev.A.a", "Dev.B.b", "Dev.A.a", "Dev.B.c"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if os.geteuid() != 0 or mount is None:
        pytest.skip("mounting a small file system needs root")
    command = [mount, "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"cannot mount a small file system: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_ends_the_trace_in_one_line_and_keeps_whole_files(tmp_path: Path, small_disk: Path) -> None:
    def long(number: int) -> str:
        names = [f"x{number}_{i}_" + "x" * 3000 for i in range(40)]
        return "".join(f"Lemma t{i} ({name} : nat) : True.\nProof. exact I. Qed.\n" for i, name in enumerate(names))

    sources = {f"G{number}.v": long(number) for number in range(4)}
    write(tmp_path / "development", sources)
    place = small_disk / "library.sqlite"
    full = proofloom("trace", "development", "--jobs", 1, "--out", place, cwd=tmp_path)
    assert full.code == 2, full
    assert full.out == ""
    assert full.error.splitlines()[-1] == (
        f"proofloom: {place}: the disk is full; free some space and run again, what was written is safe"
    )
    with Library.open(place, create=False) as library:
        stored = len(library.files())
        assert 0 < stored < 4
        assert library.counts()["theorems"] == 40 * stored
    subprocess.run(["mount", "-o", "remount,size=40m", str(small_disk)], check=True)
    (told,) = proofloom("trace", "development", "--jobs", 1, "--json", "--out", place, cwd=tmp_path).objects
    assert (told["stored"], told["skipped"], told["funnel"]["proofs"]) == (4 - stored, stored, 160)


@pytest.mark.parametrize(
    ("target", "out", "complaint"),
    [
        ("nowhere", "library.sqlite", "nowhere: no such folder or library; there are stdlib, "),
        ("empty", "library.sqlite", "empty: no .v or .lean file in this folder or below it"),
        ("A.v", "library.sqlite", "A.v: is a file; a Rocq file is traced with its folder, so name that"),
        (".", "A.v", "A.v: it is not a library; move it away or name another place"),
        (".", "empty", "empty: is a folder; name a file"),
    ],
)
def test_bad_input_is_one_line(tmp_path: Path, target: str, out: str, complaint: str) -> None:
    write(tmp_path, {"A.v": "Lemma a : 0 = 0. Proof. reflexivity. Qed.\n" * 20})
    (tmp_path / "empty").mkdir()
    with pytest.raises((BadInput, AssistantError)) as refused:
        trace(tmp_path, target, out)
    assert complaint in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_library_of_a_newer_proofloom_is_left_alone(tmp_path: Path) -> None:
    write(tmp_path, {"A.v": "Lemma a : 0 = 0. Proof. reflexivity. Qed.\n"})
    place = tmp_path / DEFAULT_PLACE
    Library.open(place).close()
    with sqlite3.connect(place) as connection:
        connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    connection.close()
    complaint = proofloom("trace", ".", cwd=tmp_path).complaint
    assert complaint.endswith("written by a newer Proofloom (schema 9999, this one knows 0001); update it")


def test_a_database_that_is_locked_ends_the_trace_and_keeps_what_is_there(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"A.v": "Lemma a : 0 = 0. Proof. reflexivity. Qed.\n", "B.v": "Lemma b : True. Proof. exact I. Qed.\n"},
    )
    place = tmp_path / "library.sqlite"
    target = target_of(tmp_path)
    holder = sqlite3.connect(place, isolation_level=None)

    class Locking:
        """Another program takes the database as soon as the first file is stored, as a backup might."""

        def started(self, path: str) -> None:
            pass

        def ended(self, progress: Progress) -> None:
            holder.execute("BEGIN EXCLUSIVE")

    rest = (InProcess(), partial(open_rocq_tracer, toolchain(), TraceLimits()), Locking(), time.monotonic)
    report = TraceReport()
    with Library.open(place, lock_seconds=0.3) as library:
        with pytest.raises(
            LibraryError, match=r"another process holds it for longer than 0.3 s; wait for that process"
        ):
            trace_files(target, library, *rest, report)
        assert report.stored == 1
        holder.execute("COMMIT")
        assert len(library.files()) == 1
        again = trace_files(target, library, *rest)
        assert (again.stored, again.skipped, again.failures) == (1, 1, [])
    holder.close()
