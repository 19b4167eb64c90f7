"""Statements of a benchmark in JSON lines, as miniF2F and ProofNet for Lean 4 are handed out, and as files with holes.

A line has `name`, `split`, `header` (imports and what is opened), `informal_prefix` (a comment) and `formal_statement`,
which ends in `:=`, in `:= by`, or in a `sorry`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FIELDS = ("name", "split", "header", "informal_prefix", "formal_statement")
_NAME = re.compile(r"[\w.'\-]+")
_SORRY = re.compile(r"\bsorry\s*$")


class StatementError(ValueError):
    """A file that holds something else; one line that names file, line and field."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One problem: `name` is unique in its file (the second of a name is `NAME_2`), `text` a Lean file with a hole."""

    name: str
    split: str
    text: str


def read_statements(file: Path) -> tuple[Statement, ...]:
    """The problems of a file in order; raises `StatementError`."""
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise StatementError(f"{file}: cannot be read ({reason})") from error
    found: list[Statement] = []
    taken: set[str] = set()
    for number, line in enumerate(lines, start=1):
        if line.strip():
            record = _record(line, f"{file}: line {number}")
            name = record["name"]
            unique = next(one for one in (name, *(f"{name}_{k}" for k in range(2, number + 2))) if one not in taken)
            taken.add(unique)
            found.append(Statement(unique, record["split"], _text(record)))
    if not found:
        raise StatementError(f"{file}: holds no statement")
    return tuple(found)


def write_statements(statements: Sequence[Statement], folder: Path) -> list[Path]:
    """Write `NAME.lean` for each into a folder, which is made; a file that is there and differs is not touched.

    Raises `StatementError` for such a file, before anything is written, and `OSError`.
    """
    texts = {folder / f"{statement.name}.lean": statement.text for statement in statements}
    for file, text in texts.items():
        if file.exists() and file.read_text(encoding="utf-8", errors="replace") != text:
            raise StatementError(f"{file}: is there already and holds something else; name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in texts.items():
        file.write_text(text, encoding="utf-8")
    return list(texts)


def _record(line: str, where: str) -> dict[str, str]:
    try:
        record: Any = json.loads(line)
    except ValueError as error:
        raise StatementError(f"{where}: is not JSON ({error})") from error
    for field in _FIELDS:
        value = record.get(field) if isinstance(record, dict) else None
        if not isinstance(value, str):
            raise StatementError(f"{where}: field {field!r}: wanted a text, not {value!r:.60}")
    if not _NAME.fullmatch(record["name"]):
        raise StatementError(f"{where}: field 'name': {record['name']!r} cannot be the name of a file")
    return {field: record[field] for field in _FIELDS}


def _text(record: dict[str, str]) -> str:
    """The header, the comment, and the statement with a hole."""
    statement = record["formal_statement"].rstrip()
    if not _SORRY.search(statement):
        if not statement.endswith(("by", ":=")):
            statement += " :="
        statement += "\n  sorry" if statement.endswith("by") else " by\n  sorry"
    comment = record["informal_prefix"].strip()
    parts = (record["header"].rstrip(), "", *([comment] if comment else []), statement)
    return "\n".join(parts).lstrip("\n") + "\n"
