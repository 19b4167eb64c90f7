"""Encoders from folders: a text has the same vector whatever is encoded beside it, and odd folders are refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")
transformers = pytest.importorskip(
    "transformers", reason="transformers is not installed: pip install 'proofloom[model]'"
)

from proofloom.corpus.entries import PremiseEntry
from proofloom.models import sentence_encoder
from proofloom.models.errors import ModelError
from proofloom.models.sentence_encoder import SentenceEncoder
from proofloom.proofs import Goal

TEXTS = [
    "⊢ n + 0 = n",
    "x",
    "A : Type\n⊢ forall x y : A, x = y -> y = x",
    "Lemma add_comm : forall n m, n + m = m + n.",
]


@pytest.fixture
def folder(tokenizer: Any, tmp_path: Path) -> Path:
    """A tiny random BERT with our tokenizer."""
    torch.manual_seed(0)
    place = tmp_path / "encoder"
    config = transformers.BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=128,
        initializer_range=0.4,
    )
    transformers.BertModel(config).eval().save_pretrained(place)
    tokenizer.save_pretrained(place)
    return place


def write(folder: Path, name: str, record: Any) -> None:
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(record))


def plain(folder: Path, tokenizer: Any, text: str, first: bool = False) -> np.ndarray:
    """The mean of the last layer (or its first token) of one text alone, at length 1."""
    model = transformers.BertModel.from_pretrained(folder).eval()
    with torch.inference_mode():
        hidden = model(torch.tensor([tokenizer(text)["input_ids"]])).last_hidden_state[0]
    pooled = hidden[0] if first else hidden.mean(0)
    return (pooled / pooled.norm()).numpy()


@pytest.mark.parametrize("at_once", [1, 40, 4096])
def test_rows_are_those_of_each_text_alone(
    folder: Path, tokenizer: Any, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sentence_encoder, "BATCH_TOKENS", at_once)
    encoder = SentenceEncoder(folder)
    found = encoder.encoded(TEXTS)
    assert found.shape == (4, encoder.dimension) == (4, 32)
    for text, row in zip(TEXTS, found, strict=True):
        assert np.allclose(row, plain(folder, tokenizer, text), atol=1e-5)
    assert encoder.encoded([]).shape == (0, 32)


def test_pooling_prompts_and_the_longest_text_are_those_of_the_folder(folder: Path, tokenizer: Any) -> None:
    write(folder, "1_Pooling/config.json", {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False})
    write(folder, "config_sentence_transformers.json", {"prompts": {"query": "state ", "document": "premise "}})
    write(folder, "sentence_bert_config.json", {"max_seq_length": 60})
    encoder = SentenceEncoder(folder)
    goal, premise = Goal.parse("x : A\n⊢ B"), PremiseEntry(1, 1, "L.M.p", "Lemma p : B.", "theorem", 0)
    wanted = plain(folder, tokenizer, "state ⊢ B\nx : A", first=True)
    assert np.allclose(encoder.goals([goal])[0], wanted, atol=1e-5)
    wanted = plain(folder, tokenizer, "premise M.p\nLemma p : B.", first=True)
    assert np.allclose(encoder.premises([premise])[0], wanted, atol=1e-5)
    long, longer = ("x " * 90, "x " * 90 + "y z")
    assert np.array_equal(encoder.encoded([long]), encoder.encoded([longer]))


def test_a_text_longer_than_the_model_is_cut(folder: Path) -> None:
    write(folder, "sentence_bert_config.json", {"max_seq_length": 5000})
    assert np.isfinite(SentenceEncoder(folder).encoded(["x y " * 1000])).all()


def test_the_name_changes_with_the_weights_and_the_settings(folder: Path) -> None:
    first = SentenceEncoder(folder).name
    assert first.startswith("encoder-") and SentenceEncoder(folder).name == first
    write(folder, "sentence_bert_config.json", {"max_seq_length": 20})
    second = SentenceEncoder(folder).name
    model = transformers.BertModel.from_pretrained(folder)
    with torch.no_grad():
        model.embeddings.word_embeddings.weight[5, 5] += 1
    model.save_pretrained(folder)
    assert len({first, second, SentenceEncoder(folder).name}) == 3


def test_odd_folders_are_refused_in_one_line(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is no folder"):
        SentenceEncoder(tmp_path / "none")
    write(folder, "1_Pooling/config.json", {"pooling_mode_max_tokens": True})
    with pytest.raises(ModelError, match="pools by pooling_mode_max_tokens; wanted one of"):
        SentenceEncoder(folder)
    write(folder, "1_Pooling/config.json", {})
    write(folder, "modules.json", [{"type": "sentence_transformers.models.Dense"}])
    with pytest.raises(ModelError, match="has a module Dense; wanted only Transformer"):
        SentenceEncoder(folder)
    (folder / "modules.json").write_text("[")
    with pytest.raises(ModelError, match=r"modules\.json: cannot be read"):
        SentenceEncoder(folder)
    (folder / "modules.json").unlink()
    (folder / "model.safetensors").write_bytes(b"short")
    with pytest.raises(ModelError, match="no encoder can be read from it"):
        SentenceEncoder(folder)
