"""Our own encoder in a folder: what is read is what was written, and folders that hold no encoder are refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")
pytest.importorskip("transformers", reason="transformers is not installed: pip install 'proofloom[model]'")

from small_model import small_model

from proofloom.corpus.entries import PremiseEntry
from proofloom.models.errors import ModelError
from proofloom.models.folder import save_model
from proofloom.models.premise_encoder import PremiseEncoder, load_premise_encoder, save_premise_encoder
from proofloom.models.premise_model import PremiseModel
from proofloom.models.tree_encoder import Arm, EncoderSizes
from proofloom.policies.premises.retrievers import encoder_at
from proofloom.proofs import Goal

GOALS = [Goal.parse("case inl\nA : Type\nx y : A\nH : x = y\n⊢ y = x"), Goal((), "n + 0 = n")]
PREMISES = [
    PremiseEntry(0, 0, "L.eq_sym", "Lemma eq_sym : forall x y : A, x = y -> y = x.", "", 0),
    PremiseEntry(1, 0, "L.deep.nothing", "", "", 1),
]


def made(tokenizer: Any, arm: Arm) -> PremiseModel:
    torch.manual_seed(1)
    model = PremiseModel(len(tokenizer), arm, EncoderSizes(8, 8, 2, 8, 8))
    model.network[2].weight.data.normal_()  # as if it had been trained
    return model


@pytest.mark.parametrize("arm", Arm)
def test_an_encoder_that_is_read_gives_the_vectors_of_the_one_that_was_written(
    tokenizer: Any, tmp_path: Path, arm: Arm, capfd: pytest.CaptureFixture[str]
) -> None:
    model = made(tokenizer, arm)
    before = PremiseEncoder(model, tokenizer, "before")
    save_premise_encoder(model, tokenizer, "# card\n", tmp_path / "enc")
    after = encoder_at(str(tmp_path / "enc"))
    assert isinstance(after, PremiseEncoder) and after.model.arm is arm
    assert capfd.readouterr().err == ""
    assert after.dimension == 8
    for one, other in (
        (before.goals(GOALS), after.goals(GOALS)),
        (before.premises(PREMISES), after.premises(PREMISES)),
    ):
        assert np.array_equal(one, other)
        assert np.allclose(np.linalg.norm(one, axis=1), 1, atol=1e-5)
    assert np.allclose(after.premises(PREMISES[1:])[0], after.premises(PREMISES)[1], atol=1e-6)
    assert after.goals([]).shape == (0, 8)
    assert (tmp_path / "enc" / "README.md").read_text() == "# card\n"


def test_other_weights_have_another_name(tokenizer: Any, tmp_path: Path) -> None:
    names = []
    for arm in (Arm.HSA, Arm.DEEPSET, Arm.DEEPSET):
        save_premise_encoder(made(tokenizer, arm), tokenizer, "", tmp_path / "enc")
        names.append(load_premise_encoder(tmp_path / "enc").name)
    assert names[0] != names[1] == names[2]
    assert names[0].startswith("enc-")


def damaged(folder: Path, **changes: Any) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **changes}))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"version": 2}, "is an encoder of version 2; wanted 1: train it again"),
        ({"arm": "cnn"}, "no encoder can be read from it \\('cnn' is not a valid Arm"),
        ({"arm": "words"}, "no encoder can be read from it"),
        ({"sizes": {"width": 16, "magic": 3}}, "no encoder can be read from it .*magic"),
        ({"vocabulary": 7}, "no encoder can be read from it"),
    ],
)
def test_a_folder_that_is_not_right_is_refused_in_one_line(
    tokenizer: Any, tmp_path: Path, changes: dict[str, Any], complaint: str
) -> None:
    folder = tmp_path / "enc"
    save_premise_encoder(made(tokenizer, Arm.HSA), tokenizer, "", folder)
    damaged(folder, **changes)
    with pytest.raises(ModelError, match=f"{folder}: {complaint}") as error:
        encoder_at(str(folder))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_files_that_were_cut_short_are_refused(tokenizer: Any, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "enc"
    save_premise_encoder(made(tokenizer, Arm.HSA), tokenizer, "", folder)
    cut = folder / name
    cut.write_bytes(cut.read_bytes()[:-9])
    with pytest.raises(ModelError, match="no encoder can be read from it"):
        encoder_at(str(folder))


def test_a_model_of_tactics_is_no_encoder(tokenizer: Any, tmp_path: Path) -> None:
    save_model(small_model(), tokenizer, "", tmp_path / "tactics")
    with pytest.raises(ModelError, match=r"is a model that writes \(GPTNeoXForCausalLM\); wanted an encoder"):
        encoder_at(str(tmp_path / "tactics"))
    with pytest.raises(ModelError, match=r"has no config\.json; wanted the folder of a model"):
        encoder_at(str(tmp_path))
