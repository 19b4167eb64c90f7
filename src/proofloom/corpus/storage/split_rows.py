"""Splits in the database: written once under a name and a version, found by `name` or `name@version`.

A split whose theorems were deleted since is refused, because it is no longer the one that its digest names.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, insert, select

from proofloom.corpus.entries import SplitEntry
from proofloom.corpus.splits.leaks import Part
from proofloom.corpus.splits.splits import Division
from proofloom.corpus.storage.database import LibraryError
from proofloom.corpus.storage.schema import SplitRow, SplitStepRow, SplitTheoremRow, StepRow, TheoremRow
from proofloom.corpus.storage.storing import next_number


def store_split(
    connection: Connection, name: str, kind: str, division: Division, settings: dict[str, Any], on: date
) -> SplitEntry:
    """Keep a division under the next version of `name`; one that is already there with this digest is given back."""
    entries = [entry for entry in read_splits(connection) if entry.name == name]
    for entry in entries:
        if entry.digest == division.digest and not _lost(connection, entry):
            return entry
    number, version = next_number(connection, SplitRow), 1 + max((entry.version for entry in entries), default=0)
    entry = SplitEntry(number, name, version, kind, division.digest, on, settings, dict(division.report))
    row = {"id": number, "name": name, "version": version, "kind": kind, "digest": division.digest, "made_on": on}
    connection.execute(insert(SplitRow).values(**row, settings=settings, report=entry.report))
    theorems = [
        {"split_id": number, "theorem_id": theorem, "part": part.value, "reason": division.reasons.get(theorem, "")}
        for theorem, part in division.parts.items()
    ]
    steps = [{"split_id": number, "step_id": step, "reason": reason} for step, reason in division.left_out.items()]
    for table, rows in ((SplitTheoremRow, theorems), (SplitStepRow, steps)):
        if rows:
            connection.execute(insert(table.__table__), rows)  # type: ignore[arg-type]
    return entry


def read_splits(connection: Connection) -> list[SplitEntry]:
    """Every split, by name and version."""
    query = select(SplitRow.__table__).order_by(SplitRow.name, SplitRow.version)
    return [SplitEntry(*row) for row in connection.execute(query)]


def find_split(connection: Connection, name: str, place: str) -> SplitEntry:
    """The newest split of this `name`, or `name@version`; raises `LibraryError` with the names there are."""
    entries = read_splits(connection)
    wanted, _, version = name.partition("@")
    found = [entry for entry in entries if entry.name == wanted and version in ("", str(entry.version))]
    if not found:
        names = ", ".join(dict.fromkeys(f"{entry.name}@{entry.version}" for entry in entries))
        there = f"there are: {names}" if names else "make one with `proofloom split`"
        raise LibraryError(f"{place}: there is no split {name!r}; {there}")
    lost = _lost(connection, found[-1])
    if lost:
        raise LibraryError(f"{place}: {lost} theorems of split {name!r} were replaced or deleted; make it again")
    return found[-1]


def read_division(connection: Connection, entry: SplitEntry) -> Division:
    """The division that was stored."""
    theorems = connection.execute(
        select(SplitTheoremRow.theorem_id, SplitTheoremRow.part, SplitTheoremRow.reason)
        .where(SplitTheoremRow.split_id == entry.id)
    ).all()  # fmt: skip
    steps = select(SplitStepRow.step_id, SplitStepRow.reason).where(SplitStepRow.split_id == entry.id)
    parts = {theorem: Part(part) for theorem, part, _ in theorems}
    reasons = {theorem: reason for theorem, _, reason in theorems if reason}
    left_out = {step: reason for step, reason in connection.execute(steps)}  # noqa: C416  (rows are not a mapping)
    return Division(parts, reasons, left_out, entry.digest, entry.report)


def in_part(split: int, part: str | None) -> ColumnElement[bool]:
    """Theorems of this part of a split, or of all but the excluded."""
    members = select(SplitTheoremRow.theorem_id).where(SplitTheoremRow.split_id == split)
    wanted = SplitTheoremRow.part != "excluded" if part is None else SplitTheoremRow.part == part
    return TheoremRow.id.in_(members.where(wanted))


def kept_steps(split: int) -> ColumnElement[bool]:
    """Steps that the split does not leave out."""
    return StepRow.id.not_in(select(SplitStepRow.step_id).where(SplitStepRow.split_id == split))


def _lost(connection: Connection, entry: SplitEntry) -> int:
    """How many theorems the split once had and has no longer."""
    present = select(func.count()).select_from(SplitTheoremRow).where(SplitTheoremRow.split_id == entry.id)
    return int(sum(entry.report["theorems"].values())) - int(connection.execute(present).scalar() or 0)
