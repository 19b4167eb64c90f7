"""Exchanges whole libraries as two Parquet files, in LeanDojo's field names, a few files' worth of rows at a time.

`corpus.parquet` has a row per source file, in order, and `theorems.parquet` a row per theorem in the same order, so
that an import walks through both side by side.  Nothing is lost: what has no column stands in `extra` as JSON.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from proofloom.corpus.exchange.leandojo_export import definitions
from proofloom.corpus.exchange.leandojo_records import (
    Json,
    RecordError,
    read_file,
    read_theorem,
    write_file,
    write_theorem,
)
from proofloom.corpus.exchange.restoring import traced_file
from proofloom.corpus.library import Library
from proofloom.corpus.records import Repository
from proofloom.corpus.storage.database import LibraryError

_ROWS = 1000
"""Theorems in a row group, about: a group holds whole files."""
_TEXT, _POSITION = pa.string(), pa.list_(pa.int64())
_ANNOTATION = pa.struct([("full_name", _TEXT), ("extra", _TEXT)])
_TACTIC = pa.struct([
    ("tactic", _TEXT),
    ("annotated_tactic", pa.struct([("text", _TEXT), ("premises", pa.list_(_ANNOTATION))])),
    ("state_before", _TEXT), ("state_after", _TEXT), ("extra", _TEXT),
])  # fmt: skip
_PREMISE = pa.struct([
    ("full_name", _TEXT), ("code", _TEXT), ("start", _POSITION), ("end", _POSITION), ("kind", _TEXT), ("extra", _TEXT),
])  # fmt: skip
THEOREMS = pa.schema([
    ("url", _TEXT), ("commit", _TEXT), ("file_path", _TEXT), ("full_name", _TEXT), ("theorem_statement", _TEXT),
    ("start", _POSITION), ("end", _POSITION), ("traced_tactics", pa.list_(_TACTIC)), ("extra", _TEXT),
])  # fmt: skip
CORPUS = pa.schema([
    ("path", _TEXT), ("imports", pa.list_(_TEXT)), ("premises", pa.list_(_PREMISE)), ("extra", _TEXT),
    ("url", _TEXT), ("commit", _TEXT), ("assistant", _TEXT), ("assistant_version", _TEXT), ("traced_on", pa.date32()),
    ("theorems", pa.int64()),
])  # fmt: skip


@dataclass(frozen=True, slots=True)
class Exchanged:
    """How many files and theorems were written or read."""

    files: int
    theorems: int


def export_parquet(library: Library, folder: Path, repositories: Sequence[Repository] | None = None) -> Exchanged:
    """Write these repositories, by default all, into the new folder `folder`.  Raises `LibraryError`."""
    if folder.exists():
        raise LibraryError(f"{folder}: is there already; name a new folder")
    if repositories is None:
        repositories = [entry.repository for entry in library.repositories()]
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
            (Path(scratch) / "new").mkdir()
            done = _write(library, repositories, Path(scratch) / "new")
            (Path(scratch) / "new").rename(folder)
    except OSError as error:
        raise LibraryError(f"{folder}: cannot be written ({error.strerror or error})") from error
    return done


def import_parquet(library: Library, folder: Path) -> Exchanged:
    """Add every file of an export; what is there already stays as it is.

    Raises `LibraryError` at the first damage, which names the Parquet file and how many source files came before it.
    """
    files = theorems = 0
    rows = _rows(folder / "theorems.parquet", THEOREMS)
    for row in _rows(folder / "corpus.parquet", CORPUS):
        where = f"{folder / 'corpus.parquet'}: after {files} files"
        try:
            count, record = int(row.pop("theorems")), _opened(row, "extra")
            url, commit, assistant = (str(record.pop(name)) for name in ("url", "commit", "assistant"))
            about = url, commit, assistant, str(record.pop("assistant_version"))
            repository = Repository(*about, record.pop("traced_on"))
            record["premises"] = [_opened(premise, "extra") for premise in record["premises"]]
            of_file = [_theorem_record(next(rows)) for _ in range(count)]
            if any(theorem["file_path"] != record["path"] for theorem in of_file):
                raise LibraryError(f"{where}: theorems.parquet is of another export")
            file = read_file(record, "corpus", [read_theorem(theorem, "theorems", {}) for theorem in of_file])
        except StopIteration:
            raise LibraryError(f"{where}: theorems.parquet ends too early") from None
        except (RecordError, KeyError, TypeError, ValueError) as error:
            raise LibraryError(f"{where}: not an export of a library ({' '.join(str(error).split())})") from error
        library.add_file(repository, file)
        files, theorems = files + 1, theorems + count
    return Exchanged(files, theorems)


def _write(library: Library, repositories: Sequence[Repository], folder: Path) -> Exchanged:
    defined = definitions(library)
    files = theorems = 0
    with ExitStack() as stack:
        options = {"compression": "zstd", "write_page_checksum": True}
        into = [
            stack.enter_context(pq.ParquetWriter(folder / f"{name}.parquet", schema, **options))
            for name, schema in (("corpus", CORPUS), ("theorems", THEOREMS))
        ]
        waiting: tuple[list[Json], list[Json]] = ([], [])

        def flush() -> None:
            for writer, rows, schema in zip(into, waiting, (CORPUS, THEOREMS), strict=True):
                if rows:
                    writer.write_table(pa.Table.from_pylist(rows, schema))
                    rows.clear()

        for repository in repositories:
            entries = library.files(repository)
            paths = {entry.logical_name: entry.path for entry in entries}
            common = {"url": repository.url, "commit": repository.commit}
            for entry in entries:
                file = traced_file(library, entry)
                about = {**common, "assistant": repository.assistant, "traced_on": repository.traced_on}
                about |= {"assistant_version": repository.assistant_version, "theorems": len(file.theorems)}
                waiting[0].append(_file_row(write_file(file, paths.get, {})) | about)
                waiting[1].extend(_theorem_row(write_theorem(t, common, file.path, defined.get)) for t in file.theorems)
                files, theorems = files + 1, theorems + len(file.theorems)
                if len(waiting[1]) >= _ROWS or len(waiting[0]) >= _ROWS:
                    flush()
        flush()
    return Exchanged(files, theorems)


def _rows(path: Path, schema: pa.Schema) -> Iterator[Json]:
    """The rows of a Parquet file, a row group in memory at a time; raises `LibraryError`."""
    number = 0
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as opened:
            missing = [name for name in schema.names if name not in opened.schema_arrow.names]
            if missing:
                raise LibraryError(f"{path}: column {missing[0]!r} is missing; it is not an export of a library")
            for group in range(opened.num_row_groups):
                for row in opened.read_row_group(group, schema.names).to_pylist():
                    yield row
                    number += 1
    except (pa.ArrowException, OSError) as error:
        text = " ".join(str(error).split())
        raise LibraryError(f"{path}: damaged after row {number} ({text})") from error


def _file_row(record: Json) -> Json:
    row = _closed(record, set(CORPUS.names))
    return row | {"premises": [_closed(premise, set(_names(_PREMISE))) for premise in record["premises"]]}


def _theorem_row(record: Json) -> Json:
    tactics = []
    for tactic in record["traced_tactics"]:
        text, marks = tactic["annotated_tactic"]
        marked = {"text": text, "premises": [_closed(mark, {"full_name"}) for mark in marks]}
        tactics.append(_closed(tactic, set(_names(_TACTIC))) | {"annotated_tactic": marked})
    return _closed(record, set(THEOREMS.names)) | {"traced_tactics": tactics}


def _theorem_record(row: Json) -> Json:
    record = _opened(row, "extra")
    tactics = []
    for tactic in record["traced_tactics"]:
        marked = tactic["annotated_tactic"]
        marks = [_opened(mark, "extra") for mark in marked["premises"]]
        tactics.append(_opened(tactic, "extra") | {"annotated_tactic": [marked["text"], marks]})
    return record | {"traced_tactics": tactics}


def _closed(record: Json, columns: set[str]) -> Json:
    """The object with all that has no column under `extra`, as JSON."""
    rest = {name: value for name, value in record.items() if name not in columns - {"extra"}}
    known = {name: value for name, value in record.items() if name in columns - {"extra"}}
    return known | {"extra": json.dumps(rest, ensure_ascii=False) if rest else None}


def _opened(row: Json, extra: str) -> Json:
    """The object again; columns without a value are left out."""
    known = {name: value for name, value in row.items() if name != extra and value is not None}
    return known | (json.loads(row[extra]) if row[extra] else {})


def _names(struct: pa.StructType) -> list[str]:
    return [struct.field(i).name for i in range(struct.num_fields)]
