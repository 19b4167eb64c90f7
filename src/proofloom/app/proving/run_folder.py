"""The folder of a named run, `runs/NAME`: its settings, its journal, its report.

A run is resumed by naming it again: theorems that ended for good are not tried again, as long as their statement is
the same and, for a proof, the file too.
"""

from __future__ import annotations

import fcntl
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from proofloom.app.proving.inputs import InputFile
from proofloom.app.proving.prover import digest
from proofloom.app.proving.report import report_page
from proofloom.app.proving.results import Result
from proofloom.app.proving.settings import ProveSettings
from proofloom.app.toml_records import BadInput
from proofloom.assistants.files import write_beside
from proofloom.proofs import Attempt, Outcome
from proofloom.search.journal import Journal

RUNS = Path("runs")
_NAME = re.compile(r"\w[\w.-]*")
_AGAIN = (Outcome.CRASHED, Outcome.UNSUPPORTED)
"""Outcomes that another try may change without another policy: the machine or the file may be mended."""


@dataclass(frozen=True, slots=True)
class _Key:
    """What a row of the journal is about: the file, the theorem, and digests of its statement and of the file."""

    file: str
    theorem: str
    statement: str
    data: str

    @classmethod
    def of(cls, file: InputFile, theorem: str) -> _Key:
        statement = file.hole(theorem).statement.encode("utf-8", "surrogateescape")
        return cls(str(file.path.resolve()), theorem, digest(statement)[:16], digest(file.data)[:16])

    @classmethod
    def parse(cls, text: str) -> _Key:
        return cls(*text.rsplit("::", 3))

    @property
    def text(self) -> str:
        return "::".join((self.file, self.theorem, self.statement, self.data))

    @property
    def subject(self) -> tuple[str, str, str]:
        return self.file, self.theorem, self.statement


class RunFolder:
    """An open run folder; `now` gives the seconds since 1970.  Raises `BadInput`, `JournalError`, `AssistantError`."""

    def __init__(self, name: str, settings: ProveSettings, now: Callable[[], float], runs: Path = RUNS) -> None:
        self._name = name
        self._now = now
        self._settings = settings
        self.folder = begin_run(name, settings.toml, runs)
        self._journal = Journal(self.folder / "journal.sqlite")

    def known(self, files: Iterable[InputFile]) -> Iterator[tuple[InputFile, Result]]:
        """The results of earlier runs that still stand, for the wanted holes of `files`."""
        rows = {key.subject: (key, record) for key, record in self._rows()}
        for file in files:
            for hole in file.wanted:
                now = _Key.of(file, hole.path)
                then, record = rows.get(now.subject, (now, None))
                if record is None or Outcome(record["outcome"]) in _AGAIN:
                    continue
                result = Result.from_record(file.name, hole.line, record)
                if not result.proved or then.data == now.data:
                    yield file, result

    def keep(self, file: InputFile, attempt: Attempt) -> None:
        """Write one attempt into the journal."""
        self._journal.append(_Key.of(file, attempt.theorem).text, attempt, self._now())

    def write_report(self) -> Path:
        """Write `report.html` about the last attempt at each theorem of the run; its path."""
        latest: dict[tuple[str, str], Result] = {}
        for key, record in self._rows():
            latest[key.file, key.theorem] = Result.from_record(_shown(key.file), 0, record)
        path = self.folder / "report.html"
        page = report_page(self._name, self._settings, list(latest.values()))
        write_beside(path, page.encode("utf-8", "backslashreplace"))
        return path

    def close(self) -> None:
        """Close the journal; harmless twice."""
        self._journal.close()

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _rows(self) -> Iterator[tuple[_Key, dict[str, Any]]]:
        for row in self._journal.rows():
            yield _Key.parse(row.key), row.record


def begin_run(name: str, toml: str, runs: Path = RUNS, again: str = "--config") -> Path:
    """The folder of a run, made if it is new, with its settings in `config.toml`; those of an old run must be the same.

    `again` is the option that gives old settings back, empty for a verb that has none.

    Raises `BadInput` if they are not, and for a name that is none.
    """
    if not _NAME.fullmatch(name):
        raise BadInput(f"--run {name}: wanted a name of letters, digits, '_', '-' and '.'")
    folder = runs / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"--run {name}: {folder} cannot be made ({error.strerror})") from error
    path = folder / "config.toml"
    if not path.exists():
        write_beside(path, toml.encode())
        return folder
    try:
        old = _flat(tomllib.loads(path.read_text("utf-8")))
    except (OSError, ValueError) as error:
        raise BadInput(f"{path}: cannot be read ({error}); use another --run") from error
    new = _flat(tomllib.loads(toml))
    for setting in sorted({*old, *new}):
        if old.get(setting) != new.get(setting):
            raise BadInput(
                f"--run {name} was started with {setting} = {old.get(setting)}, now it is {new.get(setting)}; "
                + ("use another --run" + f", or {again} {path}" * bool(again))
            )
    return folder


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Inside, no other process is in this folder; raises `BadInput` if one is.  The system ends it with the process."""
    with (folder / "lock").open("a") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BadInput(f"{folder}: another process is at work on this run; wait for it, or stop it") from error
        yield


def _flat(table: dict[str, object], prefix: str = "") -> dict[str, object]:
    """`{"budget": {"seconds": 1}}` as `{"budget.seconds": 1}`."""
    flat: dict[str, object] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat


def _shown(file: str) -> str:
    """The path from here if the file is below the working folder."""
    path, here = Path(file), Path.cwd()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else file
