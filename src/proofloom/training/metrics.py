"""What a training says while it runs: one JSON object a line, in a file that a resumed run continues.

`fit` knows no time; the seconds and the time left are added here, from a clock that is given.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from proofloom.assistants.files import write_beside

Record = Mapping[str, str | int | float]
TRAIN = "train"
VALIDATION = "validation"


class Logger(Protocol):
    """Takes what `fit` reports.  Every record has `kind` (`train` or `validation`), `step` and `steps`."""

    def write(self, record: Record) -> None:
        """Keep one record."""

    def rewind(self, step: int) -> None:
        """Training goes on from this step: what was said beyond it will be said again."""


class JsonLines:
    """Writes to `file`; `now` gives seconds, `say` gets a line for people about each record.

    Each record gets `seconds` since this process began to train and, if it can be known, `seconds_left`.
    """

    def __init__(self, file: Path, now: Callable[[], float], say: Callable[[str], None] | None = None) -> None:
        self._file = file
        self._now = now
        self._say = say
        self._begin = (0, now())

    def write(self, record: Record) -> None:
        """Append one line."""
        step, seconds = int(record["step"]), self._now() - self._begin[1]
        timed: dict[str, str | int | float] = {**record, "seconds": round(seconds, 3)}
        done = step - self._begin[0]
        if done > 0:
            timed["seconds_left"] = round(seconds / done * (int(record["steps"]) - step), 1)
        with self._file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(timed) + "\n")
        if self._say is not None:
            self._say(told(timed))

    def rewind(self, step: int) -> None:
        """Drop what later steps said, and a line that was torn; the clock begins here."""
        self._begin = (step, self._now())
        if self._file.exists():
            kept = [json.dumps(record) for record in read_records(self._file) if _stays(record, step)]
            write_beside(self._file, "".join(f"{line}\n" for line in kept).encode())


class Trackio:
    """Sends the numbers of each record to `trackio`, which draws them; `name` is the run, in the project `proofloom`.

    What later steps said stays there when a run is resumed, and is said again.  Raises `ModuleNotFoundError` without
    `trackio`.
    """

    def __init__(self, name: str, settings: Mapping[str, str | int | float]) -> None:
        self._trackio: Any = importlib.import_module("trackio")
        self._trackio.init(project="proofloom", name=name, config=dict(settings), resume="allow")

    def write(self, record: Record) -> None:
        """Log the record's numbers as `train/loss` and so on."""
        numbers = {name: value for name, value in record.items() if name not in ("kind", "step", "steps")}
        told = {f"{record['kind']}/{name}": value for name, value in numbers.items()}
        self._trackio.log(told, step=int(record["step"]))

    def rewind(self, step: int) -> None:
        """Nothing: what was logged stays."""

    def close(self) -> None:
        """Wait until all is sent."""
        self._trackio.finish()


@dataclass(frozen=True)
class Loggers:
    """Several loggers as one."""

    loggers: Sequence[Logger]

    def write(self, record: Record) -> None:
        """Give the record to each."""
        for one in self.loggers:
            one.write(record)

    def rewind(self, step: int) -> None:
        """Rewind each."""
        for one in self.loggers:
            one.rewind(step)


def read_records(file: Path) -> list[Record]:
    """The records of a file; a last line that was torn is left out.  Raises `OSError`, `ValueError`."""
    lines = file.read_text("utf-8").split("\n")
    return [json.loads(line) for line in lines[:-1]]


def told(record: Record) -> str:
    """`step 120 of 3000: loss 2.3100, flow 0.0410, 4 min left`."""
    words = [f"{name} {record[name]:.4f}" for name in ("loss", "exact", "flow") if name in record]
    if "seconds_left" in record:
        left = float(record["seconds_left"])
        words.append(f"{left / 60:.0f} min left" if left >= 90 else f"{left:.0f} s left")
    kind = "" if record["kind"] == TRAIN else f"{record['kind']} "
    return f"step {record['step']} of {record['steps']}: {kind}{', '.join(words)}"


def _stays(record: Record, step: int) -> bool:
    """A validation is made at the beginning of a step, so that of the step itself is made again."""
    return int(record["step"]) < step + (record["kind"] == TRAIN)
