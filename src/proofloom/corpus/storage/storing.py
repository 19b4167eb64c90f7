"""Writes one traced file into the tables, inside a transaction that the caller holds.

Everything that repeats (goals, states, names, identities) is interned: looked up by its key in one query per file,
and only what is missing is added.  Row numbers follow the highest one there is, which the writer's lock makes safe.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, func, insert, select
from sqlalchemy.orm import InstrumentedAttribute

from proofloom.corpus.entries import difficulty
from proofloom.corpus.records import TracedFile, TracedStep, TracedTheorem
from proofloom.corpus.storage.schema import (
    SOURCE,
    ConstantRow,
    FileRow,
    GoalRow,
    IdentityRow,
    ImportRow,
    PremiseRow,
    ProofRow,
    StateRow,
    StepPremiseRow,
    StepRow,
    Table,
    TheoremRow,
)

Key = TypeVar("Key", str, bytes)
Item = TypeVar("Item")
_LOOKUP = 5000
"""Keys per query, well below what both databases allow (32,766 and 65,535)."""


def store_file(connection: Connection, repository_id: int, assistant: str, file: TracedFile) -> int:
    """Add the file with all that is in it; returns its number."""
    file_id = next_number(connection, FileRow)
    row = {"id": file_id, "repository_id": repository_id, "logical_name": plain(file.logical_name)}
    row |= {"path": plain(file.path), "digest": file.digest, "extra": plain(file.extra) or None}
    _insert(connection, FileRow, [row])
    imports = enumerate(dict.fromkeys(file.imports))
    _insert(connection, ImportRow, [{"file_id": file_id, "position": i, "logical_name": plain(n)} for i, n in imports])
    _store_premises(connection, file_id, file)
    _store_theorems(connection, file_id, assistant, file.theorems)
    return file_id


def store_steps(connection: Connection, proofs: Sequence[tuple[int, Sequence[TracedStep]]]) -> None:
    """Add the steps of the proofs with these numbers."""
    steps = [(proof_id, position, step) for proof_id, all_of in proofs for position, step in enumerate(all_of)]
    states = _states(connection, (text for _, _, s in steps for text in (s.state_before, s.state_after)))
    names = _constants(connection, (name for _, _, step in steps for name in step.premises))
    first = next_number(connection, StepRow)
    rows, links = [], []
    for number, (proof_id, position, step) in enumerate(steps, start=first):
        rows.append({
            "id": number, "proof_id": proof_id, "position": position, "before_id": states[step.state_before],
            "tactic": plain(step.tactic), "after_id": states[step.state_after], "goals": step.goals, "cut": step.cut,
            "extra": plain(step.extra) or None,
        })  # fmt: skip
        for place, name in enumerate(dict.fromkeys(step.premises)):
            links.append({"step_id": number, "position": place, "constant_id": names[plain(name)]})
    _insert(connection, StepRow, rows)
    _insert(connection, StepPremiseRow, links)


def next_number(connection: Connection, table: type[Table]) -> int:
    """One above the highest row number of `table`; only under the writer's lock."""
    highest = connection.execute(select(func.max(table.__table__.c.id))).scalar()
    return 1 if highest is None else int(highest) + 1


def identity_digest(assistant: str, full_name: str, statement: str) -> bytes:
    """What makes a theorem the same theorem at another place or commit: its name and its statement's words."""
    return _digest("\0".join((assistant, full_name, " ".join(statement.split()))))


def plain(text: str) -> str:
    """`text` as both databases can hold it: bytes that were not UTF-8, and zero bytes, are spelled out."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode("utf-8")


def batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """`items` in order, at most `size` at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _store_premises(connection: Connection, file_id: int, file: TracedFile) -> None:
    names = _constants(connection, (premise.full_name for premise in file.premises))
    first = next_number(connection, PremiseRow)
    rows = [
        {
            "id": number, "file_id": file_id, "constant_id": names[plain(premise.full_name)],
            "statement": plain(premise.statement), "kind": premise.kind, "start": premise.start,
            "extra": plain(premise.extra) or None,
        }
        for number, premise in enumerate(file.premises, start=first)
    ]  # fmt: skip
    _insert(connection, PremiseRow, rows)


def _store_theorems(connection: Connection, file_id: int, assistant: str, theorems: Sequence[TracedTheorem]) -> None:
    digests = [identity_digest(assistant, plain(t.full_name), plain(t.statement)) for t in theorems]
    named = {digest: {"full_name": plain(t.full_name)} for digest, t in zip(digests, theorems, strict=True)}
    identities = _intern(connection, IdentityRow, IdentityRow.digest, named)
    first, proof_id = next_number(connection, TheoremRow), next_number(connection, ProofRow)
    rows, proofs, steps = [], [], []
    for position, (theorem, digest) in enumerate(zip(theorems, digests, strict=True)):
        number = first + position
        rows.append({
            "id": number, "file_id": file_id, "identity_id": identities[digest], "position": position,
            "full_name": plain(theorem.full_name), "statement": plain(theorem.statement), "kind": theorem.kind,
            "start": theorem.start, "line": theorem.line, "ending": plain(theorem.ending),
            "admitted": theorem.admitted, "human_tactics": theorem.human_tactics,
            "difficulty": difficulty(len(theorem.steps), theorem.admitted), "extra": plain(theorem.extra) or None,
        })  # fmt: skip
        if theorem.steps or not theorem.admitted:
            proofs.append({"id": proof_id, "identity_id": identities[digest], "theorem_id": number, "by": SOURCE})
            steps.append((proof_id, theorem.steps))
            proof_id += 1
    _insert(connection, TheoremRow, rows)
    _insert(connection, ProofRow, proofs)
    store_steps(connection, steps)


def _states(connection: Connection, texts: Iterable[str]) -> dict[str, int]:
    """The number of each state text, with the states and goals that were missing added."""
    goals: dict[str, tuple[bytes, ...]] = {}
    goal_texts: dict[bytes, dict[str, Any]] = {}
    for text in texts:
        if text not in goals:
            parts = [plain(part) for part in text.split("\n\n")]
            goals[text] = tuple(_digest(part) for part in parts)
            goal_texts |= {digest: {"text": part} for digest, part in zip(goals[text], parts, strict=True)}
    goal_numbers = _intern(connection, GoalRow, GoalRow.digest, goal_texts)
    digests = {text: hashlib.blake2b(b"".join(parts), digest_size=16).digest() for text, parts in goals.items()}
    rows = {digests[text]: {"goals": [goal_numbers[part] for part in parts]} for text, parts in goals.items()}
    numbers = _intern(connection, StateRow, StateRow.digest, rows)
    return {text: numbers[digest] for text, digest in digests.items()}


def _constants(connection: Connection, names: Iterable[str]) -> dict[str, int]:
    return _intern(connection, ConstantRow, ConstantRow.full_name, {plain(name): {} for name in names})


def _intern(
    connection: Connection, table: type[Table], key: InstrumentedAttribute[Key], rows: Mapping[Key, dict[str, Any]]
) -> dict[Key, int]:
    """The number of the row for each key; rows that were missing are added with the values given."""
    found: dict[Key, int] = {}
    for batch in batches(list(rows), _LOOKUP):
        found.update(connection.execute(select(key, table.__table__.c.id).where(key.in_(batch))).all())
    missing = [k for k in rows if k not in found]
    first = next_number(connection, table)
    added = {k: number for number, k in enumerate(missing, start=first)}
    _insert(connection, table, [{"id": number, key.key: k, **rows[k]} for k, number in added.items()])
    return found | added


def _insert(connection: Connection, table: type[Table], rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table.__table__), rows)  # type: ignore[arg-type]


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()
