"""Steps of proofs by the features of their goals: which earlier steps are nearest to a goal.

An inverted index in plain arrays: for each feature the steps that have it.  The similarity is the weighted Jaccard
measure with inverse document frequencies as weights, so an intersection is one sum over the lists of the goal's
features, rarest first, and common features are left out when the lists become long.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from proofloom.policies.neighbours.goal_features import Features

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Offsets = NDArray[np.int64]

_BINS = 2047
MOST_POSTINGS = 250_000
"""At most so many entries of the lists are read for one query, those of rare features first."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Inverse document frequencies: `ids` sorted, the weight of each.

    An id that is not there has the weight `unknown`, first that of a conclusion's, then that of a hypothesis'.
    """

    ids: NDArray[np.uint32]
    weights: Floats
    unknown: tuple[float, float]

    def of(self, features: Features) -> Floats:
        """The weight of each feature."""
        values: Floats = np.array(self.unknown, dtype=np.float32)[features & 1]
        if len(self.ids):
            places = np.minimum(np.searchsorted(self.ids, features), len(self.ids) - 1)
            values = np.where(self.ids[places] == features, self.weights[places], values).astype(np.float32)
        return values


@dataclass(frozen=True, slots=True)
class FeatureIndex:
    """Rows of features, and for each feature its rows.

    Row i has the features `columns[row_starts[i]:row_starts[i + 1]]` (places in `ids`); the feature at place j is had
    by the rows `rows[column_starts[j]:column_starts[j + 1]]`.
    """

    ids: NDArray[np.uint32]
    row_starts: Offsets
    columns: Ints
    column_starts: Offsets
    rows: Ints

    @classmethod
    def of(cls, features: Iterable[Features]) -> FeatureIndex:
        """The index of these rows, in order."""
        parts = list(features)
        row_starts = np.zeros(len(parts) + 1, dtype=np.int64)
        np.cumsum([len(part) for part in parts], out=row_starts[1:])
        flat = np.concatenate(parts) if parts else np.zeros(0, dtype=np.uint32)
        ids, columns = np.unique(flat, return_inverse=True)
        order = np.argsort(columns, kind="stable")
        row_of = np.repeat(np.arange(len(parts), dtype=np.int32), np.diff(row_starts))
        column_starts = np.zeros(len(ids) + 1, dtype=np.int64)
        np.cumsum(np.bincount(columns, minlength=len(ids)), out=column_starts[1:])
        return cls(ids, row_starts, columns.astype(np.int32), column_starts, row_of[order])

    def __len__(self) -> int:
        return len(self.row_starts) - 1

    def features(self, row: int) -> Features:
        """The features of one row."""
        return self.ids[self.columns[self.row_starts[row] : self.row_starts[row + 1]]]

    def weights(self, power: float, hypotheses: float) -> Weights:
        """`log((N + 2) / n) ** power` for a feature of n of N rows, times `hypotheses` for one of the hypotheses."""
        logs = np.log((len(self) + 2.0) / np.diff(self.column_starts)) ** power
        scale = np.where(self.ids & 1, hypotheses, 1.0)
        most = float(np.log(len(self) + 2.0) ** power)
        return Weights(self.ids, (logs * scale).astype(np.float32), (most, most * hypotheses))

    def norms(self, weights: Weights) -> Floats:
        """The total weight of each row."""
        values = weights.of(self.ids)[self.columns]
        sums = np.concatenate(([0.0], np.cumsum(values, dtype=np.float64)))
        return np.asarray(sums[self.row_starts[1:]] - sums[self.row_starts[:-1]], dtype=np.float32)

    def _places(self, features: Features) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The places in `ids` of those features that are there, and which these are."""
        places = np.searchsorted(self.ids, features)
        found = np.flatnonzero(places < len(self.ids))
        found = found[self.ids[places[found]] == features[found]]
        return places[found], found

    def shared_by(
        self, rows: NDArray[np.intp], features: Features, weights: NDArray[np.floating]
    ) -> NDArray[np.float64]:
        """The same for these rows only, with several columns of `weights` at once: one line of sums a row."""
        places, found = self._places(features)
        table = np.zeros((len(self.ids) + 1, weights.shape[1]), dtype=np.float64)
        table[places] = weights[found]
        starts, lengths = self.row_starts[rows], self.row_starts[rows + 1] - self.row_starts[rows]
        ends = np.cumsum(lengths)
        flat = np.arange(ends[-1]) + np.repeat(starts - (ends - lengths), lengths)
        sums = np.concatenate(([np.zeros(weights.shape[1])], np.cumsum(table[self.columns[flat]], axis=0)))
        return np.asarray(sums[ends] - sums[ends - lengths], dtype=np.float64)

    def shared(self, features: Features, weights: Floats, most: int = MOST_POSTINGS) -> NDArray[np.float64]:
        """For each row the total weight of its features that are among `features`.

        Lists are read from the shortest on, as long as they are `most` entries together.
        """
        places, found = self._places(features)
        weights = weights[found]
        lengths = self.column_starts[places + 1] - self.column_starts[places]
        order = np.argsort(lengths, kind="stable")
        read = order[np.cumsum(lengths[order]) <= most]
        lists = [self.rows[self.column_starts[place] : self.column_starts[place + 1]] for place in places[read]]
        if not lists:
            return np.zeros(len(self))
        values = np.repeat(weights[read].astype(np.float64), lengths[read])
        return np.asarray(np.bincount(np.concatenate(lists), weights=values, minlength=len(self)), dtype=np.float64)


def nearest(scores: NDArray[np.floating], k: int) -> NDArray[np.intp]:
    """The places of the `k` largest scores above 0, largest first, equal ones from the last on.

    By counting in bins first: partitioning is slow where many values are equal.
    """
    places = np.flatnonzero(scores > 0)
    values = scores[places]
    if k < len(values):
        bins = (values * (_BINS / values.max())).astype(np.int32)
        above = np.cumsum(np.bincount(bins, minlength=_BINS + 1)[::-1])
        kept = bins >= _BINS - int(np.searchsorted(above, k))
        places, values = places[kept], values[kept]
    return places[np.lexsort((-places, -values))][:k]
