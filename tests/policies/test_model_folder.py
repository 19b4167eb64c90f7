"""The policy of a model folder, and what is said of a folder that holds no model."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")
pytest.importorskip("transformers", reason="transformers is not installed: pip install 'proofloom[model]'")
pytest.importorskip("tokenizers", reason="tokenizers is not installed: pip install 'proofloom[model]'")

from proofloom.models.engine.protocol import Decoding, Method
from proofloom.models.errors import ModelError
from proofloom.models.folder import save_model
from proofloom.models.neox import Size, build_model
from proofloom.models.tokenizer import train_tokenizer
from proofloom.policies.kit import PolicyKit
from proofloom.policies.model.folder import EXTRA, SHIPPED, can_load, check_model, model_place, model_policy
from proofloom.policies.policy import Query
from proofloom.proofs import ProofState, Theorem

STATE = ProofState.parse("n : nat\n⊢ n + 0 = n")
LONG = ProofState.parse("\n".join(f"h{n} : {n} + {n} = {n}" for n in range(50)) + "\n⊢ n + 0 = n")
AT = Theorem("t", "Lemma t : True.")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that has learned nothing, with a context of 96 tokens."""
    place = tmp_path_factory.mktemp("model") / "model"
    tokenizer = train_tokenizer(["auto", "n : nat"], 300)
    save_model(build_model(Size(1, 16, 2, 300), tokenizer, 0, context=96), tokenizer, "", place, half=True)
    return place


def test_it_is_asked_by_the_name_model(folder: Path) -> None:
    with PolicyKit("", "", str, model=str(folder), threads=1) as kit:
        kit.prepare("model")
        assert kit.policy("model").name == "model"
        assert kit.policy("model+list").name == "model+list"
        assert torch.get_num_threads() == 1


def test_the_model_of_the_package_has_a_name_unless_a_folder_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert model_place("shipped") == SHIPPED
    assert model_place("other") == Path("other")
    Path("shipped").mkdir()
    assert model_place("shipped") == Path("shipped")


def test_a_state_longer_than_the_context_is_cut_and_answered(folder: Path) -> None:
    decoding = Decoding(Method.SAMPLE, most_tokens=8, seed=1)
    policy = model_policy(folder, decoding=decoding, threads=1)
    answers = policy.suggest([Query(STATE, AT), Query(LONG, AT)], 200)
    assert all(-1e9 < one.logprob <= 0 for answer in answers for one in answer)
    assert any(answers), "200 random texts of 8 tokens hold no tactic"


def test_tactics_are_no_longer_than_the_prompts_that_were_learned_leave_room_for() -> None:
    policy = model_policy(SHIPPED, decoding=Decoding(most_tokens=100), threads=1)
    assert policy.suggest([Query(LONG, AT)], 2)[0] is not None  # prompts of 128 tokens in a context of 192


def test_a_context_without_room_for_a_prompt_is_refused(folder: Path) -> None:
    with pytest.raises(ModelError, match="a context of 96 tokens leaves 2 for a prompt beside 94"):
        model_policy(folder, decoding=Decoding(most_tokens=94))


def test_a_folder_without_a_model_is_named(folder: Path, tmp_path: Path) -> None:
    assert can_load()
    check_model(folder)
    with pytest.raises(ModelError, match=r"none: has no config.json; wanted the folder of a model"):
        check_model(tmp_path / "none")
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelError, match=r"has no \*.safetensors"):
        check_model(tmp_path)


def test_without_the_extra_the_missing_package_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proofloom.policies.model.folder.find_spec", lambda name: None)
    assert not can_load()
    with pytest.raises(ModuleNotFoundError) as caught:
        check_model(folder)
    assert caught.value.name == EXTRA[0]
