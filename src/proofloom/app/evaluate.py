"""The verb `evaluate`: compares models on held-out theorems, paired over the theorems, with intervals.

The run folder holds every row; the same name again goes on, and the tables are made from the rows that are there.
"""

from __future__ import annotations

import json
import time
from typing import Annotated

import typer

from proofloom.app.extras import model_extra
from proofloom.app.run_folder import alone_in, begin_run
from proofloom.app.toml_records import BadInput, choice, toml
from proofloom.assistants.files import write_beside
from proofloom.corpus.database import LibraryError
from proofloom.corpus.library import DEFAULT_PLACE, Library
from proofloom.evaluation.contest_rows import ContestRows
from proofloom.evaluation.contestant import Contestant, contestants, weights_digest
from proofloom.evaluation.findings_text import told_steps
from proofloom.evaluation.held_out import Sample, held_out
from proofloom.evaluation.step_contest import score_steps
from proofloom.evaluation.step_findings import StepFindings, step_findings
from proofloom.models.errors import ModelError
from proofloom.policies.library_memory import library_stamp
from proofloom.policies.model_folder import check_model
from proofloom.search.clock import SystemClock

INTERRUPTED = 130
PARTS = ("val", "test")
ROWS, FINDINGS = "contest.sqlite", "findings.json"
"""The files of the run folder beside config.toml."""


def evaluate(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME/SEED=FOLDER...",
            help="Models: the name of the arm, the seed, the folder. The other arms are compared with the first one.",
        ),
    ],
    run: Annotated[
        str,
        typer.Option(metavar="NAME", help="Keep the rows in runs/NAME; the same name again goes on where it stopped."),
    ],
    db: Annotated[str, typer.Option("--db", metavar="DB", help="The library: a file, or a URL.")] = str(DEFAULT_PLACE),
    split: Annotated[
        str, typer.Option(metavar="NAME", help="The split whose theorems are tried (`NAME` or `NAME@VERSION`).")
    ] = "figures",
    part: Annotated[
        list[str] | None,
        typer.Option(metavar="PART", help="val or test; may be given twice, for both (default val)."),
    ] = None,
    limit: Annotated[int | None, typer.Option(metavar="N", min=1, help="Only N theorems, drawn by the seed.")] = None,
    seed: Annotated[
        int, typer.Option(metavar="N", min=0, help="Seed of what is drawn: theorems and intervals (default 0).")
    ] = 0,
    steps: Annotated[
        bool,
        typer.Option("--steps", help="Score the tactics that people wrote: no search, and no assistant is needed."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for other programs.")] = False,
) -> int:
    """Compare models on theorems that they were not trained on.

    With --steps: how likely each model finds the tactics that people wrote, and how many it would write word for word.
    Arms are compared on the same theorems, and every difference has an interval. Needs the extra `model`.

    Exit status: 0, or 2 for bad input, 130 after Ctrl-C; every row is kept, and the tables are about what is there.
    """
    if not steps:
        raise BadInput("evaluate: say what to measure: --steps")
    parts = tuple(choice("--part", one, dict.fromkeys(PARTS, one)) for one in dict.fromkeys(part or ("val",)))
    try:
        named = contestants(models)
    except ValueError as error:
        raise BadInput(str(error)) from error
    try:
        with model_extra("evaluate"), Library.open(db, create=False) as library:
            for one in named:
                check_model(one.folder)
            entry = library.split(split)
            sample = Sample(f"{entry.name}@{entry.version}", parts, limit, seed)
            found, interrupted = _steps(run, library, sample, named)
    except (LibraryError, ModelError) as error:
        raise BadInput(str(error)) from error
    for line in [json.dumps(found.as_json())] if as_json else told_steps(found):
        typer.echo(line)
    if interrupted:
        _say(f"interrupted; the same command with --run {run} goes on from here")
    return INTERRUPTED if interrupted else 0


def _steps(run: str, library: Library, sample: Sample, named: list[Contestant]) -> tuple[StepFindings, bool]:
    """Score the steps of the sample; what is found, and whether Ctrl-C ended it."""
    settings = {"kind": "steps", "library": library.place, "split": sample.split}
    folder = begin_run(run, toml({"": settings | {"digest": library_stamp(library, sample.split)}}))
    interrupted = False
    with alone_in(folder), ContestRows(folder / ROWS) as rows:
        rows.enter({one.name: weights_digest(one.folder) for one in named}, time.time())
        theorems = held_out(library, sample)
        try:
            score_steps(named, theorems, rows, SystemClock(), time.time, _say)
        except KeyboardInterrupt:
            interrupted = True
        chosen = {theorem.name for theorem in theorems}
        kept = [row for row in rows.steps() if row.theorem in chosen]
        found = step_findings(kept, [one.name for one in named], sample.seed)
        write_beside(folder / FINDINGS, (json.dumps(found.as_json(), indent=1) + "\n").encode())
    return found, interrupted


def _say(line: str) -> None:
    typer.echo(f"proofloom: {line}", err=True)
