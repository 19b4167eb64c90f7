"""What every program under `benchmarks/` prints and writes: figures with their goals, as one JSON object.

A figure is a number with a name; a goal says what the figure should be and which way is better.  The last line that a
program prints is the whole object, so that a machine can read it; full runs are stored under `benchmarks/results/`.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_PASSWORD = re.compile(r"(://[^:/@\s]*):[^@\s]*@")


def arguments(description: str) -> argparse.ArgumentParser:
    """A parser with the options that every benchmark takes: `--quick`, `--json`, `--seed`, `--out`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="a small run, under 60 seconds on two cores")
    parser.add_argument("--json", action="store_true", help="print nothing but the JSON object")
    parser.add_argument("--seed", type=int, default=0, help="seed of every random choice (default 0)")
    parser.add_argument("--out", type=Path, help="folder for NAME-MACHINE-DATE.json, e.g. benchmarks/results")
    return parser


class Figures:
    """Collects the figures of one run of the program `name`."""

    def __init__(self, name: str, *, quiet: bool = False) -> None:
        self.name = name
        self._quiet = quiet
        self._figures: dict[str, Any] = {}
        self._goals: dict[str, dict[str, Any]] = {}

    def say(self, line: str) -> None:
        """Print a line for people, unless the run is for machines only."""
        if not self._quiet:
            print(line, flush=True)  # noqa: T201  (this is what the program is for)

    @property
    def record(self) -> dict[str, Any]:
        """The figures so far."""
        return dict(self._figures)

    def figure(self, name: str, value: Any) -> None:
        """Record a figure."""
        self._figures[name] = value

    def goal(self, name: str, value: float, goal: float, *, better: str = "higher") -> None:
        """Record a figure that has a goal; `better` is `higher` or `lower`."""
        if better not in ("higher", "lower"):
            raise ValueError(f"better={better!r}: wanted 'higher' or 'lower'")
        met = value >= goal if better == "higher" else value <= goal
        self._figures[name] = value
        self._goals[name] = {"value": value, "goal": goal, "better": better, "met": met}

    def finish(self, out: Path | None = None) -> None:
        """Print the goals and, last, the JSON object; write it under `out` if given."""
        for name, goal in self._goals.items():
            sign = ">=" if goal["better"] == "higher" else "<="
            self.say(f"{'met ' if goal['met'] else 'MISS'}  {name}: {goal['value']:g} (goal {sign} {goal['goal']:g})")
        record = {"name": self.name, **circumstances(), "figures": self._figures, "goals": self._goals}
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            file = out / f"{self.name}-{_slug(machine())}-{record['date']}.json"
            file.write_text(json.dumps(record, indent=1) + "\n")
        print(json.dumps(record), flush=True)  # noqa: T201


def circumstances() -> dict[str, str]:
    """`machine`, `command` and `date` of this run."""
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return {"machine": machine(), "command": _command(), "date": today}


def machine() -> str:
    """The processor and the number of cores, e.g. `AMD EPYC, 2 cores`."""
    model = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        match = re.search(r"^model name\s*:\s*(.+)$", information.read_text(), re.MULTILINE)
        model = match[1].strip() if match else model
    return f"{model}, {os.cpu_count()} cores"


def _command(argv: Sequence[str] | None = None) -> str:
    """How to repeat the run, with paths of this machine cut to their names and without passwords."""
    words = [_PASSWORD.sub(r"\1:***@", word) for word in (sys.argv if argv is None else argv)]
    shown = [Path(word).name if Path(word).is_absolute() else word for word in words]
    if shown and shown[0] == "__main__.py":
        shown[0] = "proofloom"
    return " ".join(shown if shown and not shown[0].endswith(".py") else ["python", *shown])


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
