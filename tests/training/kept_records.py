"""A logger for tests: it keeps what it is told, and can interrupt."""

from __future__ import annotations

from typing import Any

from proofloom.training.metrics import TRAIN, Record


class Kept:
    """Keeps records; at `interrupt`, the number of a record, there is a Ctrl-C."""

    def __init__(self, interrupt: int | None = None) -> None:
        self.records: list[Record] = []
        self._interrupt = interrupt

    def write(self, record: Record) -> None:
        self.records.append(record)
        if len(self.records) == self._interrupt:
            raise KeyboardInterrupt

    def rewind(self, step: int) -> None:
        self.records = [one for one in self.records if int(one["step"]) < step + (one["kind"] == TRAIN)]

    def seen(self, kind: str, name: str) -> list[Any]:
        return [record[name] for record in self.records if record["kind"] == kind]
