"""Tasks of a benchmark side by side: each gives rows, which are kept in a file as they come.

Where several processes work, they end with the program that started them, however it ends.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from proofloom.assistants.executor import Crash, Done, Executor, Opening

Task = TypeVar("Task")
Row = TypeVar("Row")


def rows_side_by_side(
    opening: Opening[Task, list[Row]], tasks: Sequence[Task], executor: Executor, file: Path | None
) -> Iterator[list[Row]]:
    """The rows of each task as it ends; rows are dataclasses, and one JSON object a row is appended to `file`.

    After all others a task that crashed raises `SystemExit`, since figures without its rows would be about less than
    they say.
    """
    crashes: list[str] = []
    events: Any = executor.map(opening, tasks)
    with closing(events):
        for event in events:
            if isinstance(event, Crash):
                crashes.append(f"{event.task}: {event.reason}")
            if isinstance(event, Done):
                if file is not None:
                    with file.open("a") as stream:
                        stream.writelines(json.dumps(asdict(row)) + "\n" for row in event.value)
                yield event.value
    if crashes:
        raise SystemExit(f"{len(crashes)} of {len(tasks)} tasks crashed: " + "\n".join(crashes))
