"""What `prove` says to people: per theorem what was found, and a last line that counts every outcome apart."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from proofloom.app.proving.results import Result
from proofloom.app.proving.run import FileDone
from proofloom.app.proving.watch import STYLES, counted
from proofloom.assistants.holes import Hole


class Printer:
    """Prints settled files on standard output, for people or as one JSON object a line, and keeps count."""

    def __init__(self, console: Console, as_json: bool) -> None:
        self._console = console
        self._as_json = as_json
        self.done: list[FileDone] = []

    def report(self, done: FileDone) -> None:
        """Print what is known about one file."""
        self.done.append(done)
        if self._as_json:
            for result in done.results:
                self._line(Text(json.dumps(result.as_json())))
            return
        for result in done.results:
            for line in _told(done, result):
                self._line(line)
        if done.written is not None:
            self._line(Text(f"wrote {done.written}", "bold"))

    def summary(self, interrupted: bool) -> None:
        """Print the last line."""
        if not self._as_json:
            self._line(Text(_summary(self.done, interrupted), "bold"))

    @property
    def results(self) -> list[Result]:
        """Every result so far."""
        return [result for done in self.done for result in done.results]

    def _line(self, line: Text) -> None:
        self._console.print(line, soft_wrap=True, highlight=False)


def _told(done: FileDone, result: Result) -> Iterator[Text]:
    """A line with the outcome, a line with the reason or the verdict, and the script of each gap."""
    outcome = Text(result.outcome.value, STYLES.get(result.outcome, "yellow"))
    cost = f" in {result.spend.seconds:.1f} s, {result.spend.tactics} tactics tried"
    yield Text.assemble(f"{result.file}:{result.line}: ", (result.theorem, "bold"), ": ", outcome, cost)
    if result.proved:
        yield Text(f"  {_verdict(result)}")
    elif result.reason:
        yield Text(f"  {result.reason}")
    gaps = done.file.hole(result.theorem).gaps
    for number, script in enumerate(result.scripts if result.proved else ()):
        if script.strip():
            if len(gaps) > 1:
                yield Text(f"  line {_line_of(done, gaps[number].start)}:")
            yield from (Text(f"    {line}") for line in script.splitlines())


def _line_of(done: FileDone, position: int) -> int:
    return done.file.data.count(b"\n", 0, position) + 1


def _verdict(result: Result) -> str:
    """What the gate accepted, in one line."""
    verdict = result.verdict or {}
    axioms = ", ".join(verdict.get("axioms", ())) or "no axioms"
    bundles = ", ".join(verdict.get("bundles", ()))
    allowed = f" (allowed by --axioms {bundles})" if bundles else ""
    seconds = verdict.get("seconds", 0.0)
    return f"accepted by the gate at level {verdict.get('level')} in {seconds:.1f} s: {axioms}{allowed}"


def _summary(done: Sequence[FileDone], interrupted: bool) -> str:
    """`interrupted; 5 holes in 2 files: 3 proved, 1 exhausted, 1 out_of_budget; 2 files written`."""
    results = [result for file in done for result in file.results]
    wanted: list[Hole] = [hole for file in done for hole in file.file.wanted]
    files = sum(1 for file in done if file.file.wanted)
    parts = ["interrupted"] if interrupted else []
    if not wanted:
        parts.append("no holes to fill")
    else:
        counts = counted(results) or "none tried"
        untried = len(wanted) - len(results)
        counts += f", {untried} not tried" if untried and results else ""
        parts.append(f"{_number(len(wanted), 'hole')} in {_number(files, 'file')}: {counts}")
    written = sum(1 for file in done if file.written is not None)
    if written:
        parts.append(f"{_number(written, 'file')} written")
    elif any(result.proved for result in results):
        parts.append("no file changed")
    return "; ".join(parts)


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
