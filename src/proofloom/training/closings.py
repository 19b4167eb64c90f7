"""Tactics that end a goal, found by running automation at the steps of people's proofs: more pairs to learn from.

A file of them has one JSON object a line, for one theorem: where it stands, at how many of its states tactics were run,
and for some of these states (by their place in the proof) the first that ended the goal.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from proofloom.assistants.session import AssistantError


@dataclass(frozen=True, slots=True)
class TheoremClosings:
    """What was found at one theorem: `file` is its logical name, `start` the byte of its statement.

    `tried` is at how many states tactics were run, `closings` are printed states and what ends their first goal;
    `seconds` are CPU seconds of the assistant.
    """

    file: str
    theorem: str
    start: int
    split: str
    assistant: str
    tried: int
    seconds: float
    closings: tuple[tuple[str, str], ...]

    @property
    def place(self) -> tuple[str, str, int]:
        """What names the theorem among all; the name is there because files change."""
        return self.file, self.theorem, self.start

    @property
    def line(self) -> str:
        """The line of a file."""
        return json.dumps(asdict(self), ensure_ascii=False) + "\n"


def add_closings(file: Path, found: TheoremClosings) -> None:
    """Add one theorem to `file`, instead of a last line that was cut off; raises `AssistantError`."""
    try:
        with file.open("r+b" if file.exists() else "w+b") as stream:
            end = stream.seek(0, os.SEEK_END)
            if end and not _ended(stream):
                stream.seek(0)
                end = stream.read().rfind(b"\n") + 1
            stream.seek(end)
            stream.write(found.line.encode())
            stream.truncate()
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise AssistantError(f"{file}: cannot be written ({error})") from error


def _ended(stream: BinaryIO) -> bool:
    stream.seek(-1, os.SEEK_END)
    return stream.read(1) == b"\n"


def read_closings(file: Path) -> list[TheoremClosings]:
    """What is in `file`, without a last line that was cut off; raises `AssistantError`."""
    return list(_lines(file))


def _lines(file: Path) -> Iterator[TheoremClosings]:
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise AssistantError(f"{file}: cannot be read ({error})") from error
    *whole, _ = text.split("\n")
    for number, line in enumerate(whole, 1):
        try:
            record = json.loads(line)
            record["closings"] = tuple((str(state), str(tactic)) for state, tactic in record["closings"])
            yield TheoremClosings(**record)
        except (ValueError, TypeError, KeyError) as error:
            raise AssistantError(f"{file}:{number}: no closings of a theorem ({error})") from error


class Closings:
    """The pairs of states and tactics by theorem; `digest` tells contents apart (empty for none)."""

    def __init__(self, found: Iterable[TheoremClosings] = ()) -> None:
        self._found = {one.place: one.closings for one in found if one.closings}
        record = json.dumps(sorted(self._found.items()))
        self.digest = hashlib.sha256(record.encode()).hexdigest()[:16] if self._found else ""

    def __len__(self) -> int:
        return sum(len(one) for one in self._found.values())

    def of(self, file: str, theorem: str, start: int) -> tuple[tuple[str, str], ...]:
        """Those of the theorem of this full name that stands at byte `start` of the file with this logical name."""
        return self._found.get((file, theorem, start), ())


NO_CLOSINGS = Closings()
