"""Imports data sets in the layout of LeanDojo Benchmark 4, one record and one file at a time.

The theorems of a file are scattered over the parts of a split, so they are first gathered in a scratch database on
disk; the whole data set is read and checked before the first file is added to the library.  docs/corpus.md has the
layout.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from proofloom.corpus.exchange.json_arrays import ArrayError, read_objects
from proofloom.corpus.exchange.leandojo_records import (
    OURS,
    Json,
    RecordError,
    checked,
    read_file,
    read_theorem,
)
from proofloom.corpus.library import Library
from proofloom.corpus.records import Repository, TracedFile
from proofloom.corpus.splits.leaks import Part
from proofloom.corpus.splits.splits import SplitKind, SplitSettings, as_given
from proofloom.corpus.storage.database import LibraryError

PARTS = (Part.TRAIN, Part.VAL, Part.TEST)


class DataSetError(LibraryError):
    """A data set that cannot be read; one line that names file, record and field."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did: files and theorems read, and the names of the splits that came with them."""

    files: int
    theorems: int
    splits: tuple[str, ...]


def import_leandojo(library: Library, folder: Path, on: date, name: str = "leandojo") -> Imported:
    """Add a data set; its splits become `NAME-random` and so on.  `on` is for data sets that do not say their day.

    Raises `DataSetError` before anything is added if a record is wrong.
    """
    with tempfile.TemporaryDirectory(prefix="proofloom-") as scratch, closing(_Gathering(Path(scratch))) as gathering:
        splits = (
            [part for part in sorted(folder.iterdir()) if (part / "train.json").is_file()] if folder.is_dir() else []
        )
        if not splits or not (folder / "corpus.jsonl").is_file():
            raise DataSetError(
                f"{folder}: wanted corpus.jsonl and a folder with train.json, as in LeanDojo Benchmark 4"
            )
        for split in splits:
            for part in PARTS:
                gathering.add_part(split, part)
        about = _about(folder / "metadata.json", on)
        gathering.check(folder / "corpus.jsonl", bool(about.url))
        repositories: dict[Repository, int] = {}
        for line, where in _lines(folder / "corpus.jsonl"):
            repository, file = gathering.file(line, where, about)
            library.add_file(repository, file)
            repositories[repository] = repositories.get(repository, 0) + 1
        names = {f"{name}-{split.name}": split.name for split in splits}
        _add_splits(library, gathering, list(repositories), names, on)
        return Imported(sum(repositories.values()), gathering.count, tuple(names))


class _Gathering:
    """The theorems of all parts on disk, by file, and which part of which split each is in."""

    def __init__(self, folder: Path) -> None:
        self._database = sqlite3.connect(folder / "gathering.sqlite", isolation_level=None)
        self._run("PRAGMA journal_mode = OFF")
        self._run("PRAGMA synchronous = OFF")
        self._run("CREATE TABLE theorem (path, start, name, origin, source, body, PRIMARY KEY (path, start, name))")
        self._run("CREATE TABLE member (split, part, path, start, name, PRIMARY KEY (split, path, start, name))")
        self._run("BEGIN")

    @property
    def count(self) -> int:
        """How many theorems there are."""
        return int(self._run("SELECT count(*) FROM theorem").fetchone()[0])

    def add_part(self, split: Path, part: Part) -> None:
        """Read one part of a split, checking every record."""
        path = split / f"{part.value}.json"
        shown = f"{split.name}/{path.name}"
        number = 0
        try:
            with path.open(encoding="utf-8") as stream:
                for number, record in enumerate(read_objects(stream), start=1):
                    where = f"{shown}: record {number}"
                    self._add(split.name, part, record, where)
        except (ArrayError, RecordError) as error:
            text = str(error)
            raise DataSetError(text if text.startswith(shown) else f"{shown}: {text}") from error
        except (OSError, UnicodeError) as error:
            raise DataSetError(f"{path}: cannot be read after record {number} ({error})") from error

    def _add(self, split: str, part: Part, record: Json, where: str) -> None:
        theorem = read_theorem(record, where, {})
        key = (record["file_path"], theorem.start, theorem.full_name)
        origin = json.dumps([record["url"], record["commit"]])
        body = json.dumps(record)
        if not self._run("INSERT OR IGNORE INTO theorem VALUES (?, ?, ?, ?, ?, ?)", *key, origin, where, body).rowcount:
            same = "SELECT origin, source FROM theorem WHERE path = ? AND start = ? AND name = ?"
            other, source = self._run(same, *key).fetchone()
            if other != origin:
                raise RecordError(f"{where}: field 'url' or 'commit' is another than in {source}")
        if not self._run("INSERT OR IGNORE INTO member VALUES (?, ?, ?, ?, ?)", split, part, *key).rowcount:
            raise RecordError(f"{where}: {theorem.full_name} is in this split already")

    def check(self, corpus: Path, origin_known: bool) -> None:
        """Look at every line of the corpus, so that nothing is added from a data set that has a fault."""
        modules: dict[str, str] = {}
        for line, where in _lines(corpus):
            try:
                file = read_file(line, where, ())
            except RecordError as error:
                raise DataSetError(str(error)) from error
            if file.logical_name in modules:
                raise DataSetError(f"{where}: {file.path} and {modules[file.logical_name]} are one module")
            modules[file.logical_name] = file.path
        paths = set(modules.values())
        query = "SELECT path, min(source), count(DISTINCT origin) FROM theorem GROUP BY path"
        described = self._run(query).fetchall()
        for path, source, origins in described:
            if path not in paths:
                raise DataSetError(f"{source}: field 'file_path': {path} is not in corpus.jsonl")
            if origins > 1:
                raise DataSetError(f"{source}: the theorems of {path} are of {origins} repositories")
        if not origin_known and len(described) < len(paths):
            raise DataSetError("metadata.json: field 'from_repo' is missing, and some files have no theorem to tell")

    def file(self, line: Any, where: str, about: Repository) -> tuple[Repository, TracedFile]:
        """The file of a line of the corpus with its theorems, and the repository that these say they are of."""
        statements = {premise["full_name"]: premise["code"] for premise in line["premises"]}
        query = "SELECT origin, source, body FROM theorem WHERE path = ? ORDER BY start, name"
        rows = self._run(query, line["path"]).fetchall()
        theorems = [read_theorem(json.loads(body), source, statements) for _, source, body in rows]
        url, commit = json.loads(rows[0][0]) if rows else (about.url, about.commit)
        return replace(about, url=url, commit=commit), read_file(line, where, theorems)

    def members(self, split: str) -> Iterator[tuple[Part, tuple[str, int, str]]]:
        """The part of every theorem of a split, which is told by path, start and name."""
        for part, *key in self._run("SELECT part, path, start, name FROM member WHERE split = ?", split):
            yield Part(part), (key[0], key[1], key[2])

    def close(self) -> None:
        self._database.close()

    def _run(self, command: str, *values: object) -> sqlite3.Cursor:
        try:
            return self._database.execute(command, values)
        except sqlite3.OperationalError as error:
            raise LibraryError(f"{tempfile.gettempdir()}: no room to gather the data set ({error})") from error


def _about(metadata: Path, on: date) -> Repository:
    """What the data set says about itself; an empty `url` if it does not say where it is from."""
    try:
        record = json.loads(metadata.read_text("utf-8")) if metadata.is_file() else {}
        if "from_repo" in checked(record, {}, "metadata.json"):
            checked(record["from_repo"], {"url": str, "commit": str}, "metadata.json: from_repo")
        own = checked(record.get(OURS, {}), {}, f"metadata.json: {OURS}")
        day = own.get("traced_on", record.get("creation_time", on.isoformat()))
        traced_on = date.fromisoformat(str(day)[:10])
    except (OSError, ValueError) as error:
        text = str(error)
        raise DataSetError(text if text.startswith("metadata.json") else f"metadata.json: {text}") from error
    origin = record.get("from_repo", {"url": "", "commit": ""})
    version = own.get("assistant_version", record.get("lean_version", "unknown"))
    return Repository(origin["url"], origin["commit"], str(own.get("assistant", "lean")), str(version), traced_on)


def _lines(corpus: Path) -> Iterator[tuple[Any, str]]:
    """Each line of the corpus as an object, with the words that name it."""
    number = 0
    try:
        with corpus.open(encoding="utf-8") as stream:
            for number, line in enumerate(stream, start=1):
                yield json.loads(line), f"corpus.jsonl: line {number}"
    except json.JSONDecodeError as error:
        raise DataSetError(f"corpus.jsonl: line {number}: {error.msg}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise DataSetError(f"{corpus}: cannot be read after line {number} ({error})") from error


def _add_splits(
    library: Library, gathering: _Gathering, repositories: Sequence[Repository], splits: Mapping[str, str], on: date
) -> None:
    """Keep the splits of the data set under the names given, as they are."""
    members = library.members(repositories)
    numbers: dict[tuple[str, int, str], int] = {}
    for repository in repositories:
        paths = {file.id: file.path for file in library.files(repository)}
        for theorem in library.theorems(repository):
            numbers[paths[theorem.file_id], theorem.start, theorem.full_name] = theorem.id
    for name, split in splits.items():
        parts = {numbers[key]: part for part, key in gathering.members(split)}
        sizes = Counter(parts.values())
        settings = SplitSettings(SplitKind.IMPORTED, val=sizes[Part.VAL], test=sizes[Part.TEST])
        library.add_split(name, as_given(members, parts), settings, on)
