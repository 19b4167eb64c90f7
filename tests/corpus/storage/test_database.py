"""What can go wrong under the library: each fault is one line that names the place, and nothing is half there."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from postgres_server import Server
from small_library import OLD, file, step, theorem

from proofloom.corpus.library import Library
from proofloom.corpus.records import TracedFile
from proofloom.corpus.storage import migrations, storing
from proofloom.corpus.storage.database import VERSION_TABLE, Database, LibraryError
from proofloom.corpus.storage.schema import VERSION, Table

SECONDS = 60


def big(number: int, size: int = 200) -> TracedFile:
    """A file with this many theorems, its texts found nowhere else."""
    theorems = [
        theorem(f"L.f{number}.t{i}", f"{number} = {i}", [step(f"⊢ {number} = {i} " + "x" * 500)], start=i)
        for i in range(size)
    ]
    return file(f"L.f{number}", theorems)


def test_the_migrations_make_what_the_models_say(place: str) -> None:
    Library.open(place).close()
    database = Database(place)
    with database.reading() as connection:
        options = {"version_table": VERSION_TABLE, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Table.metadata) == []
    database.close()


def test_the_versions_agree() -> None:
    script = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert script.get_heads() == [VERSION]
    assert tuple(reversed([revision.revision for revision in script.walk_revisions()])) == migrations.KNOWN


def test_a_newer_schema_is_refused(place: str) -> None:
    Library.open(place).close()
    database = Database(place)
    with database.writing() as connection:
        connection.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    database.close()
    with pytest.raises(LibraryError, match=r"written by a newer Proofloom \(schema 9999, this one knows 0001\)"):
        Library.open(place)


def test_a_database_of_something_else_is_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE attempts (number INTEGER)")
    before = other.read_bytes()
    with pytest.raises(LibraryError, match=r"other.sqlite: it holds other tables \(attempts\)"):
        Library.open(other)
    assert other.read_bytes() == before


def test_postgresql_is_shared_with_other_tables_but_not_with_ours(postgres: Server | str) -> None:
    if isinstance(postgres, str):
        pytest.skip(postgres)
    place = postgres.new_database()
    engine = sqlalchemy.create_engine(place)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE shopping (item text)")
    with Library.open(place) as library:
        assert library.counts()["files"] == 0
    foreign = postgres.new_database()
    engine = sqlalchemy.create_engine(foreign)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE theorem (name text)")
    with pytest.raises(LibraryError, match=r"it holds other tables \(theorem\)"):
        Library.open(foreign)


@pytest.mark.parametrize("data", [b"not a database " * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(data)
    with pytest.raises(LibraryError, match=r"notes.txt: it is (not a library|damaged)"):
        Library.open(path)
    assert path.read_bytes() == data


def test_a_damaged_library_says_so(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    with Library.open(path) as library:
        for number in range(3):
            library.add_file(OLD, big(number))
    data = bytearray(path.read_bytes())
    for place in range(8192, len(data), 4096):
        data[place : place + 100] = b"\xff" * 100
    path.write_bytes(data)
    with (
        pytest.raises(LibraryError, match="it is damaged; move it away and trace again"),
        Library.open(path) as library,
    ):
        list(library.steps())


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("mysql://host/db", "(needs|not supported)"),
        ("nonsense://host/db", "not supported; use SQLite or PostgreSQL"),
        ("://", "neither a path nor a database URL"),
        ("postgresql://someone:secret@127.0.0.1:1/db", r"someone:\*\*\*@127.0.0.1:1/db: .*"),
    ],
)
def test_places_that_cannot_be_opened(place: str, message: str) -> None:
    with pytest.raises(LibraryError, match=message) as caught:
        Library.open(place)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_is_not_a_library(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="is a folder; name a file"):
        Library.open(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(LibraryError, match="cannot be made"):
        Library.open(tmp_path / "file" / "library.sqlite")


def test_a_database_that_does_not_exist(postgres: Server | str) -> None:
    if isinstance(postgres, str):
        pytest.skip(postgres)
    with pytest.raises(LibraryError, match=r"nowhere: .*does not exist"):
        Library.open(postgres.url_of("nowhere"))


def test_a_writer_waits_and_then_gives_up(place: str) -> None:
    with Library.open(place, lock_seconds=0.4) as library, Library.open(place) as other:
        library.add_file(OLD, big(1, 3))
        with other._database.writing():
            started = time.monotonic()
            with pytest.raises(LibraryError, match=r"another process holds it for longer than 0.4 s; wait for"):
                library.add_file(OLD, big(2, 3))
            assert 0.3 < time.monotonic() - started < SECONDS
            assert len(list(library.steps())) == 3
            assert len(library.files()) == 1
        library.add_file(OLD, big(2, 3))
        assert len(library.files()) == 2


def test_a_lock_of_another_process_is_told(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    Library.open(path).close()
    program = (
        "import sqlite3, sys\n"
        f"connection = sqlite3.connect({str(path)!r}, isolation_level=None)\n"
        "connection.execute('BEGIN EXCLUSIVE')\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with Library.open(path, lock_seconds=0.3) as library:
            with pytest.raises(LibraryError, match="another process holds it"):
                library.add_file(OLD, big(1, 2))
            holder.communicate(timeout=SECONDS)
            library.add_file(OLD, big(1, 2))


def test_an_interrupt_leaves_nothing_of_the_file(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    library.add_file(OLD, big(1, 3))
    before = library.counts()

    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(storing, "store_steps", interrupted)
        with pytest.raises(KeyboardInterrupt):
            library.add_file(OLD, big(2, 3))
    assert library.counts() == before
    assert [f.logical_name for f in library.files()] == ["L.f1"]
    library.add_file(OLD, big(2, 3))
    assert library.counts()["steps"] == 6


ADDING = """
import sys
from test_database import big
from small_library import OLD
from proofloom.corpus.library import Library
with Library.open(sys.argv[1]) as library:
    for number in range(int(sys.argv[2]), int(sys.argv[3])):
        library.add_file(OLD, big(number))
        print(number, flush=True)
"""


def adding(place: str, first: int, last: int) -> subprocess.Popen[str]:
    """A process that adds big files and prints their numbers; it finds the modules that this one finds."""
    command = [sys.executable, "-c", ADDING, place, str(first), str(last)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def test_two_processes_make_and_fill_one_library(place: str) -> None:
    processes = [adding(place, 0, 8), adding(place, 4, 12)]
    assert [process.wait(SECONDS) for process in processes] == [0, 0]
    for process in processes:
        process.communicate()
    with Library.open(place, create=False) as library:
        assert sorted(f.logical_name for f in library.files()) == sorted(f"L.f{i}" for i in range(12))
        assert library.counts()["steps"] == 12 * 200
        for step_entry in library.steps():
            assert step_entry.state_before.startswith("⊢ ")


def test_a_killed_process_leaves_whole_files(place: str) -> None:
    process = adding(place, 0, 500)
    assert process.stdout is not None
    for _ in range(3):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=SECONDS)
    with Library.open(place, create=False) as library:
        files = library.files()
        assert len(files) >= 3
        for stored in files:
            assert len(library.theorems(file=stored.id)) == 200
        assert library.counts()["steps"] == 200 * len(files)
        library.add_file(OLD, big(999))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if os.geteuid() != 0 or mount is None:
        pytest.skip("mounting a small file system needs root")
    done = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if done.returncode != 0:
        pytest.skip(f"cannot mount a small file system: {done.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_stops_with_whole_files(small_disk: Path) -> None:
    path = small_disk / "library.sqlite"
    added = 0
    with Library.open(path) as library:
        with pytest.raises(LibraryError, match="the disk is full; free some space and run again") as caught:
            for number in range(100):
                library.add_file(OLD, big(number))
                added += 1
        assert "\n" not in str(caught.value)
        assert added > 0
        assert library.counts()["steps"] == 200 * added
    subprocess.run(["mount", "-o", "remount,size=40m", str(small_disk)], check=True)
    with Library.open(path) as library:
        assert len(library.files()) == added
        for number in range(added + 3):
            library.add_file(OLD, big(number))
        assert library.counts()["steps"] == 200 * (added + 3)


def test_a_new_library_on_a_full_disk(small_disk: Path) -> None:
    (small_disk / "ballast").write_bytes(b"x" * (2 * 1024 * 1024 - 40_000))
    with pytest.raises(LibraryError, match="the disk is full"):
        Library.open(small_disk / "library.sqlite")
    (small_disk / "ballast").unlink()
    with Library.open(small_disk / "library.sqlite") as library:
        assert library.counts()["files"] == 0
