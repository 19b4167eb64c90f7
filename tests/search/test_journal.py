"""The journal: what is written stays, whatever happens to the writer."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from proofloom.proofs import Attempt, CheckResult, Finding, Outcome, Spend, Verdict
from proofloom.search.journal import Journal
from proofloom.search.row_file import JournalError

VERDICT = Verdict("t", Finding.ACCEPTED, 4, "accepted", {"compiles": CheckResult.PASSED}, tools={"coqc": "8.16.1"})
PROVED = Attempt(
    "M.t", Outcome.PROVED, Spend(1.5, 2.5, 3, 40), ("intros", "lia"), VERDICT, "accepted", ("intros.\nlia.",)
)


def ended(outcome: Outcome) -> Attempt:
    return Attempt("M.u", outcome, Spend(), reason="because")


def test_a_row_holds_the_whole_attempt(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.sqlite") as journal:
        journal.append("F.v:M.t", PROVED, 12.0)
        (row,) = journal.rows()
    assert (row.number, row.key, row.outcome, row.ended_at) == (1, "F.v:M.t", Outcome.PROVED, 12.0)
    expected = {
        "theorem": "M.t",
        "outcome": "proved",
        "spend": {"seconds": 1.5, "cpu_seconds": 2.5, "expansions": 3, "tactics": 40, "tokens": 0},
        "proof": ["intros", "lia"],
        "scripts": ["intros.\nlia."],
        "verdict": json.loads(json.dumps(VERDICT.as_json())),
        "reason": "accepted",
    }
    assert {key: row.record[key] for key in expected} == expected


def test_columns_can_be_asked_with_plain_sql(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with Journal(path) as journal:
        journal.append("k", PROVED, 12.0)
    row = sqlite3.connect(path).execute(
        "SELECT theorem, outcome, seconds, cpu_seconds, expansions, tactics FROM attempts"
    )
    assert row.fetchone() == ("M.t", "proved", 1.5, 2.5, 3, 40)


def test_resuming_skips_what_is_final_and_repeats_crashes(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with Journal(path) as journal:
        for outcome in Outcome:
            if outcome is not Outcome.PROVED:
                journal.append(outcome.value, ended(outcome), 0.0)
        journal.append("crashed, then not", ended(Outcome.CRASHED), 0.0)
        journal.append("crashed, then not", ended(Outcome.EXHAUSTED), 0.0)
    with Journal(path) as journal:
        keys = [*(outcome.value for outcome in Outcome), "crashed, then not", "unknown"]
        final = journal.finished(keys)
    assert set(keys) - final == {"crashed", "proved", "unknown"}


def test_names_that_are_not_utf8_are_kept_apart(tmp_path: Path) -> None:
    one, other = b"caf\xe9.v".decode("utf-8", "surrogateescape"), b"caf\xe8.v".decode("utf-8", "surrogateescape")
    with Journal(tmp_path / "journal.sqlite") as journal:
        journal.append(one, ended(Outcome.EXHAUSTED), 0.0)
        assert journal.finished([one, other]) == {one}


WRITER = """
import sys
from pathlib import Path
from proofloom.proofs import Attempt, Outcome, Spend
from proofloom.search.journal import Journal

path, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
with Journal(path) as journal:
    for number in range(count):
        journal.append(f"{name}-{number}", Attempt("t", Outcome.EXHAUSTED, Spend(), reason="x" * 5000), 0.0)
        print(number, flush=True)
"""


def writer(path: Path, name: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(path), name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_a_killed_writer_loses_nothing_that_it_reported(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    process = writer(path, "w", 10**9)
    assert process.stdout is not None
    for _ in range(20):
        process.stdout.readline()
    os.kill(process.pid, signal.SIGKILL)
    rest, _ = process.communicate(timeout=60)
    reported = 20 + rest.count("\n")
    with Journal(path) as journal:
        rows = list(journal.rows())
        assert [row.key for row in rows] == [f"w-{i}" for i in range(len(rows))]
        assert reported <= len(rows) <= reported + 1
        assert all(len(row.record["reason"]) == 5000 for row in rows)
        todo = {f"w-{i}" for i in range(reported + 5)}
        assert len(todo - journal.finished(todo)) == reported + 5 - len(rows)
        journal.append("after", ended(Outcome.EXHAUSTED), 0.0)


def test_two_processes_write_to_one_journal(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    processes = [writer(path, name, 60) for name in "ab"]
    for process in processes:
        process.communicate(timeout=120)
        assert process.returncode == 0
    with Journal(path) as journal:
        keys = [row.key for row in journal.rows()]
    assert sorted(keys) == sorted(f"{name}-{i}" for name in "ab" for i in range(60))


def test_a_locked_journal_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with Journal(path, lock_seconds=0.1) as journal:
        other = sqlite3.connect(path)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalError, match=r"journal\.sqlite: another process holds it") as caught:
            journal.append("k", PROVED, 0.0)
        assert "\n" not in str(caught.value)
        other.rollback()
        journal.append("k", PROVED, 0.0)
        assert len(list(journal.rows())) == 1


def test_a_full_disk_is_one_line_and_loses_nothing(tmp_path: Path) -> None:
    """SQLite's own page limit raises the error that a full disk raises."""
    with Journal(tmp_path / "journal.sqlite") as journal:
        journal._database.execute("PRAGMA max_page_count = 12")
        written = 0
        with pytest.raises(JournalError, match="the disk is full; free some space"):
            while written < 1000:
                journal.append(f"k{written}", ended(Outcome.EXHAUSTED), 0.0)
                written += 1
        assert [row.key for row in journal.rows()] == [f"k{i}" for i in range(written)]
        journal._database.execute("PRAGMA max_page_count = 1000")
        journal.append("more", ended(Outcome.EXHAUSTED), 0.0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not a database, but long enough to be taken for one\n" * 100, "it is not a journal"),
        (None, "it cannot be opened"),
    ],
)
def test_what_is_not_a_journal_is_refused(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "journal.sqlite"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(JournalError, match=message):
        Journal(path)


def test_a_journal_of_a_later_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    Journal(path).close()
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 7")
    database.close()
    with pytest.raises(JournalError, match="version 7, this program writes 1"):
        Journal(path)
