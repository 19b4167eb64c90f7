"""The verb `split`: divides the theorems of a library into training, validation and test, and says what was removed.

The same library, settings and seed give the same split with the same digest; asked again, the stored one is shown.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from proofloom.app.toml_records import BadInput, choice
from proofloom.corpus.entries import SplitEntry
from proofloom.corpus.library import DEFAULT_PLACE, Library
from proofloom.corpus.splits.sample import STDLIB_SAMPLE
from proofloom.corpus.splits.splits import SampleLemma, SplitError, SplitKind, SplitSettings, divide
from proofloom.corpus.storage.database import LibraryError

KINDS = {kind.value: kind for kind in SplitKind if kind is not SplitKind.IMPORTED}
Place = Annotated[
    str,
    typer.Option("--db", metavar="DB", help="The library: a file (SQLite), or a URL such as postgresql://host/name."),
]
Seed = Annotated[int, typer.Option(metavar="N", min=0, help="Seed of the shuffling.")]


def split(
    db: Place = str(DEFAULT_PLACE),
    kind: Annotated[
        str,
        typer.Option(
            metavar="KIND",
            help="What is dealt out: random (single theorems), file, library (top folders), novel_premises (each "
            "held-out proof uses a premise that no training proof uses), or figures (test is a sample of lemmas, and "
            "what depends on them is excluded). Default random.",
        ),
    ] = SplitKind.RANDOM.value,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="The name under which it is kept (default: the kind).")
    ] = None,
    val: Annotated[
        int | None, typer.Option(metavar="N", help="Theorems for validation, at most (default 2 % of all).")
    ] = None,
    test: Annotated[
        int | None, typer.Option(metavar="N", help="Theorems for test, at most (default 2 %; for figures the sample).")
    ] = None,
    seed: Seed = 3407,
    sample: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The lemmas of the kind figures, one JSON object a line (default: 300 of Rocq's standard library).",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for other programs.")] = False,
) -> int:
    """Divide the theorems of a library into training, validation and test, without leaks.

    Taken out of training: theorems that state the same as one of the other parts, steps whose goal occurs there, and
    for figures all that depends on the test lemmas. FSets and MSets stay on one side, and so does Numbers.

    Exit status: 0, or 2 for bad input.
    """
    wanted = choice("--kind", kind, KINDS)
    try:
        lemmas = _sample(sample or STDLIB_SAMPLE) if wanted is SplitKind.FIGURES else ()
        if sample is not None and not lemmas:
            raise BadInput(f"--sample {sample}: only the kind figures has a sample, not {kind}")
        settings = SplitSettings(wanted, val, test, seed, sample=lemmas)
        with Library.open(db, create=False) as library:
            entry = library.add_split(name or kind, divide(library.members(), settings), settings, date.today())
    except (SplitError, LibraryError) as error:
        raise BadInput(str(error)) from error
    for line in [json.dumps(as_object(entry))] if as_json else told(entry):
        typer.echo(line)
    return 0


def counted(count: int, noun: str) -> str:
    """`1 step`, `2,000 steps`."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def as_object(entry: SplitEntry) -> dict[str, Any]:
    """A split as a JSON object: `name, version, kind, digest, made_on, settings` and the report."""
    named = {"name": entry.name, "version": entry.version, "kind": entry.kind, "digest": entry.digest}
    return {**named, "made_on": entry.made_on.isoformat(), "settings": entry.settings, **entry.report}


def empty_parts(entry: SplitEntry) -> list[str]:
    """The held-out parts, `val` and `test`, in which there is no theorem."""
    return [part for part in ("val", "test") if not entry.report["theorems"].get(part)]


def told(entry: SplitEntry) -> Iterator[str]:
    """The report of a split, for people."""
    report = entry.report
    for part in empty_parts(entry):
        dealt = entry.kind != SplitKind.IMPORTED and (entry.kind, part) != (SplitKind.FIGURES, "test")
        yield f"nothing is in the part {part}{f': ask for more with --{part}' if dealt else ''}"
    yield f"split {entry.name}@{entry.version}, {entry.kind}, digest {entry.digest}"
    yield f"{'':10}{'theorems':>10}{'steps':>10}"
    for part, theorems in report["theorems"].items():
        yield f"{part:10}{theorems:>10,}{report['steps'][part]:>10,}"
    removed = [(counted(count, "theorem"), why) for why, count in report["excluded"].items()]
    removed += [(counted(count, "step"), why) for why, count in report["left_out_steps"].items()]
    found = {why: seen for why, seen in report["leaks"].items() if seen["theorems"]}
    if removed:
        yield "left out of training:"
    for count, why in removed:
        examples = found.pop(why, {}).get("examples", [])
        yield f"  {count}: {why}" + (f" (such as {examples[0]})" if examples else "")
    for why, seen in found.items():
        yield f"  also seen: {why}, {counted(seen['theorems'], 'theorem')} (such as {seen['examples'][0]})"


def _sample(path: Path) -> tuple[SampleLemma, ...]:
    """The lemmas of a file with an object a line: `file` (logical name), `name`, `char_offset`."""
    lemmas: list[SampleLemma] = []
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: the sample cannot be read ({getattr(error, 'strerror', None) or error})") from error
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
            lemmas.append(SampleLemma(str(record["file"]), str(record["name"]), int(record["char_offset"])))
        except (ValueError, KeyError, TypeError) as error:
            raise BadInput(f"{path}, line {number}: wanted an object with file, name and char_offset") from error
    if not lemmas:
        raise BadInput(f"{path}: the sample is empty")
    return tuple(lemmas)
