"""A model folder holds a whole model that `transformers` loads without us, or it is refused in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")
transformers = pytest.importorskip(
    "transformers", reason="transformers is not installed: pip install 'proofloom[model]'"
)

from proofloom.attention.interface import use_flow_attention
from proofloom.models.errors import ModelError
from proofloom.models.folder import CARD, load_model, load_tokenizer, save_model
from proofloom.models.neox import SIZES, build_model


def test_a_model_comes_back_and_nothing_of_ours_is_needed_to_load_it(tokenizer: Any, tmp_path: Path) -> None:
    model, folder = build_model(SIZES["nano"], tokenizer, seed=0).eval(), tmp_path / "model"
    use_flow_attention(model)
    save_model(model, tokenizer, "the card", folder)
    assert (folder / CARD).read_text() == "the card"
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {folder.stat().st_mode & 0o666}
    assert "proofloom" not in json.dumps([path.read_text() for path in folder.glob("*.json")])
    tokens = torch.tensor([[1, 50, 60, 2]])
    wanted = model(tokens).logits
    for loaded in (load_model(folder), transformers.AutoModelForCausalLM.from_pretrained(folder).eval()):
        assert loaded.config._attn_implementation == "sdpa"
        assert loaded.lm_head.weight is loaded.get_input_embeddings().weight
        assert torch.equal(loaded(tokens).logits, wanted)
    assert load_tokenizer(folder)("⊢ x")["input_ids"] == tokenizer("⊢ x")["input_ids"]


def test_a_new_model_takes_the_place_of_the_old_whole(tokenizer: Any, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    models = [build_model(SIZES["nano"], tokenizer, seed) for seed in (0, 1)]
    for model in models:
        save_model(model, tokenizer, "", folder)
    assert torch.equal(load_model(folder).lm_head.weight, models[1].lm_head.weight)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_write_that_fails_leaves_the_old_model(
    tokenizer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "model"
    old, new = (build_model(SIZES["nano"], tokenizer, seed) for seed in (0, 1))
    save_model(old, tokenizer, "", folder)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(tokenizer), "save_pretrained", full)
    with pytest.raises(ModelError, match=r"model: cannot be written \(No space left on device\)"):
        save_model(new, tokenizer, "", folder)
    assert torch.equal(load_model(folder).lm_head.weight, old.lm_head.weight)


def test_what_is_no_model_is_refused_in_one_line(tokenizer: Any, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="none: is no folder"):
        load_model(tmp_path / "none")
    with pytest.raises(ModelError, match="none: is no folder"):
        load_tokenizer(tmp_path / "none")
    for load in (load_model, load_tokenizer):
        with pytest.raises(ModelError, match="can be read from it") as caught:
            load(tmp_path)
        assert "\n" not in str(caught.value)
    folder = tmp_path / "model"
    save_model(build_model(SIZES["nano"], tokenizer, seed=0), tokenizer, "", folder)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ModelError, match="no model can be read from it"):
        load_model(folder)
