"""The verb `screen`: asks of each hole whether it is worth trying, prints a line and writes a row for each.

Rows are added to the file of `--out` as they come, so that the same command goes on from there after Ctrl-C.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from proofloom.app.languages import AnyLanguage, Installation
from proofloom.app.proving.inputs import InputFile, read_inputs
from proofloom.app.proving.settings import ProveSettings, names
from proofloom.app.screening.questions import Screener, ScreeningRow
from proofloom.app.screening.words import WORDS
from proofloom.app.toml_records import BadInput
from proofloom.evaluation.statements.errata import faulty
from proofloom.proofs import Budget

INTERRUPTED = 130
WALL = 20
"""Wall clock is only a guard: a loaded machine must not change an answer."""
FLAWED = ("contradictory", "refuted")
_WORDS = {
    "contradictory": "what it assumes is contradictory",
    "refuted": "its negation is proved",
    "trivial": "a trivial tactic proves it",
    "open": "nothing found",
}


@dataclass(frozen=True, slots=True)
class ScreenRequest:
    """What the user asked `screen` for; `seconds` are of CPU, for each question."""

    paths: tuple[Path, ...]
    require: tuple[str, ...] = ()
    axioms: tuple[str, ...] = ()
    seconds: float = 5.0
    out: Path | None = None
    as_json: bool = False


def screen(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Files with holes, or folders with such files.")
    ],
    seconds: Annotated[
        float,
        typer.Option(
            "--time", metavar="SECONDS", min=0.1, help="CPU seconds of one question, of search and assistant."
        ),
    ] = 5.0,
    require: Annotated[
        str,
        typer.Option(
            metavar="MODULES", help="Modules of Rocq that are required before the first hole, such as Lia,Lra."
        ),
    ] = "",
    axioms: Annotated[
        str, typer.Option(metavar="BUNDLE,...", help="Axioms that an answer may rest on, as in `prove`.")
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Add a row for each problem (JSON lines); problems with a row are not asked."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the rows, for other programs.")] = False,
) -> int:
    """Ask of each hole: is what it assumes contradictory, is it false, is it trivial?

    Three searches for each: False from its hypotheses, a proof of its negation, one trivial tactic. An answer is a
    proof that the gate has accepted, with its level; nothing found says nothing.

    Exit status: 0, 1 if a problem is contradictory or refuted, 2 for bad input, 130 after Ctrl-C.
    """
    request = ScreenRequest(tuple(paths), names(require), names(axioms), seconds, out, as_json)
    return screen_files(request, lambda line: typer.echo(f"proofloom: {line}", err=True))


def screen_files(request: ScreenRequest, complain: Callable[[str], None]) -> int:
    """Do it; the exit code.  Raises `BadInput` or `AssistantError` for what is wrong with the whole request."""
    installation = Installation()
    inputs = read_inputs(request.paths, None, request.require, installation)
    for line in inputs.left_out:
        complain(f"left out: {line}")
    if not any(file.wanted for file in inputs.files):
        raise BadInput(f"{', '.join(map(str, request.paths))}: no hole there")
    for installed in installation.found:
        try:
            installed.language.check_axioms(request.axioms)
        except ValueError as error:
            raise BadInput(f"--axioms: {error}") from error
        if lacking := installed.language.lacking(installed.toolchain):
            complain(f"{installed.language.name} files: {lacking}; what is found is told as `found`, not as an answer")
    known = set(_keys(request.out)) if request.out is not None else set()
    counts = dict.fromkeys(_WORDS, 0)
    try:
        with ExitStack() as stack:
            screeners: dict[str, Screener] = {}
            for file in inputs.files:
                for row in _rows(file, request, installation, screeners, stack, known):
                    counts[row.finding] += 1
                    _keep(row, request.out)
                    typer.echo(json.dumps(row.as_json(), ensure_ascii=False) if request.as_json else line_of(row))
    except KeyboardInterrupt:
        complain("interrupted; the same command goes on from here" if request.out else "interrupted")
        return INTERRUPTED
    if not request.as_json:
        told = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
        typer.echo(f"{sum(counts.values())} problems: {told}" if told else "no problem that has no row yet")
    return 1 if any(counts[name] for name in FLAWED) else 0


def _rows(
    file: InputFile,
    request: ScreenRequest,
    installation: Installation,
    screeners: dict[str, Screener],
    stack: ExitStack,
    known: set[tuple[str, str, str]],
) -> Iterator[ScreeningRow]:
    """The rows of one file that are not known."""
    digest = hashlib.sha256(file.source.data).hexdigest()
    for hole in file.source.holes:
        if (file.name, digest, hole.path) not in known:
            suffix = file.language.suffix
            if suffix not in screeners:
                screeners[suffix] = _screener(file.language, request, installation, stack)
            row = screeners[suffix](file.source, hole, digest, file.settings)
            fault = faulty(hole.name, file.language.reading.assistant)
            yield replace(row, known=fault.why) if fault is not None else row


def _screener(language: AnyLanguage, request: ScreenRequest, installation: Installation, stack: ExitStack) -> Screener:
    """An assistant and a gate of its own."""
    installed = installation.of(language)
    assistant = stack.enter_context(installed.assistant())
    gate = stack.enter_context(closing(installed.gate(request.axioms)))
    budget = Budget(seconds=WALL * request.seconds, cpu_seconds=request.seconds, tactic_seconds=2.0)
    return Screener(language, WORDS[language.suffix], assistant, gate, ProveSettings().strategy.start, budget)


def line_of(row: ScreeningRow) -> str:
    """`F.v: t: refuted, its negation is proved (level 4): intros H; ..`."""
    answers = {"contradictory": row.contradictory, "refuted": row.refuted, "trivial": row.trivial}
    shown = f"{row.file}: {row.theorem}: {_WORDS[row.finding]}"
    if row.finding in answers:
        answer = answers[row.finding]
        shown += f" (level {answer.level}): {'; '.join(' '.join(tactic.split()) for tactic in answer.script)}"
    unsure = [name for name, answer in answers.items() if answer.answer == "found"]
    if unsure:
        shown += f"; found but not accepted: {', '.join(unsure)} ({answers[unsure[0]].reason})"
    if row.known:
        shown += f"; known to be wrong: {row.known}"
    if all(answer.answer == "not asked" for answer in answers.values()):
        shown += f"; not asked: {row.trivial.reason}"
    return shown


def _keep(row: ScreeningRow, out: Path | None) -> None:
    """Add a row to the file."""
    if out is None:
        return
    try:
        with out.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row.as_json(), ensure_ascii=False) + "\n")
    except OSError as error:
        raise BadInput(f"--out {out}: cannot be written ({error.strerror})") from error


def _keys(out: Path) -> Iterator[tuple[str, str, str]]:
    """What has a row already; the last line may be cut.  Raises `BadInput` for a file that holds something else."""
    if not out.exists():
        return
    lines = out.read_text(encoding="utf-8", errors="replace").split("\n")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row: dict[str, Any] = json.loads(line)
            yield row["file"], row["digest"], row["theorem"]
        except (ValueError, KeyError, TypeError) as error:
            raise BadInput(f"--out {out}: line {number} is not a row of `screen`; name another file") from error
