"""The index of a library's premises: made once by an encoder, kept in a file beside the database.

The file says which premises and which encoder it was made from, so that an index of yesterday's library, or of another
encoder, is refused and never searched.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from proofloom.corpus.entries import PremiseEntry
from proofloom.corpus.library import Library
from proofloom.proofs import Goal
from proofloom.proofs.state import TURNSTILE
from proofloom.retrieval.encoder import Encoder, premise_text
from proofloom.retrieval.premise_index import EXACT_BELOW, KEPT_QUERIES, PremiseIndex, PremiseIndexError
from proofloom.retrieval.projection_choice import evenly

AT_ONCE = 256
"""Premises that are encoded between two calls of `progress`."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What an index was made from: a digest of the premises, the encoder's name, and where it was (`source`)."""

    premises: str
    encoder: str
    source: str

    @property
    def note(self) -> str:
        """As it is kept with the index."""
        return json.dumps({"premises": self.premises, "encoder": self.encoder, "source": self.source})


def library_index(
    library: Library,
    encoder: Encoder,
    source: str,
    progress: Callable[[int, int], None],
    *,
    exact_below: int = EXACT_BELOW,
) -> PremiseIndex:
    """The index of all premises of `library`; `source` says where the encoder is, `progress` gets done and all.

    Where there are more than `exact_below`, the states of the library's steps are what the graph is fitted to.
    """
    premises = library.premises()
    vectors = np.empty((len(premises), encoder.dimension), np.float32)
    order = sorted(range(len(premises)), key=lambda place: len(premises[place].statement))
    for start in range(0, len(order), AT_ONCE):
        places = order[start : start + AT_ONCE]
        vectors[places] = encoder.premises([premises[place] for place in places])
        progress(start + len(places), len(order))
    queries = encoder.goals(step_goals(library, KEPT_QUERIES)) if len(premises) > exact_below else None
    return PremiseIndex.build(
        [premise.id for premise in premises],
        vectors,
        queries,
        exact_below=exact_below,
        note=Origin(premises_digest(premises), encoder.name, source).note,
    )


def origin_of(index: PremiseIndex, file: Path, premises: Sequence[PremiseEntry]) -> Origin:
    """What the index in `file` was made from; raises `PremiseIndexError` if that is not these premises."""
    try:
        origin = Origin(**json.loads(index.note))
    except (ValueError, TypeError) as error:
        raise PremiseIndexError(f"{file}: is not the index of a library") from error
    if origin.premises != premises_digest(premises):
        raise PremiseIndexError(f"{file}: the library has changed since it was made; run `proofloom index` again")
    return origin


def check_encoder(index: PremiseIndex, origin: Origin, file: Path, encoder: Encoder) -> None:
    """Raise `PremiseIndexError` if another encoder made the `index` in `file`."""
    if index.dimension != encoder.dimension:
        raise PremiseIndexError(
            f"{file}: has vectors of {index.dimension} numbers, those of {origin.source} have {encoder.dimension}; run "
            "`proofloom index` again"
        )
    if origin.encoder != encoder.name:
        raise PremiseIndexError(
            f"{file}: was made by the encoder {origin.encoder}, {origin.source} is now {encoder.name}; run "
            "`proofloom index` again"
        )


def step_goals(library: Library, most: int) -> list[Goal]:
    """At most `most` first goals, evenly from all steps; goals that were cut are left out."""
    texts = [text for step in library.steps() if TURNSTILE in (text := step.state_before.split("\n\n")[0])]
    return [Goal.parse(texts[place]) for place in evenly(np.arange(len(texts)), most).tolist()]


def premises_digest(premises: Sequence[PremiseEntry]) -> str:
    """Of all that an index depends on: numbers, names and statements."""
    found = hashlib.sha256()
    for premise in premises:
        found.update(f"{premise.id}\0{premise_text(premise)}\0".encode("utf-8", "surrogateescape"))
    return found.hexdigest()


def index_file(place: str) -> Path | None:
    """Where the index of a database at this path is kept; None for a database at a URL."""
    return None if "://" in place else Path(f"{place}.premises")
