"""Which premises of a library may be used at a theorem, as places in a list of them: every retriever asks here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from proofloom.corpus.entries import PremiseEntry
from proofloom.proofs import Theorem
from proofloom.retrieval.situation import Situation, Situations


class UsablePremises:
    """`premises` with the situations of theorems in their library; the last answer is kept."""

    def __init__(self, premises: Sequence[PremiseEntry], situations: Situations) -> None:
        self.premises = premises
        self._situations = situations
        self._files = np.array([premise.file_id for premise in premises], dtype=np.int64)
        self._last: tuple[Situation, NDArray[np.int64]] | None = None

    def at(self, theorem: Theorem) -> NDArray[np.int64]:
        """The places of the premises that may be used at `theorem`, ascending."""
        situation = self._situations.of(theorem)
        if self._last is None or self._last[0] is not situation:
            own = [
                place
                for place in np.flatnonzero(self._files == situation.file).tolist()
                if situation.earlier(self.premises[place].full_name, self.premises[place].start)
            ]
            imported = np.flatnonzero(np.isin(self._files, situation.files))
            self._last = situation, np.sort(np.concatenate([imported, np.array(own, dtype=np.int64)]))
        return self._last[1]
