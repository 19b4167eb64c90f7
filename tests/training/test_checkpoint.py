"""A checkpoint is the old one or the new one, whatever happens, and another training's is refused."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")
pytest.importorskip("transformers", reason="transformers is not installed: pip install 'proofloom[model]'")

from proofloom.assistants.session import AssistantError
from proofloom.training.checkpoint import Checkpoints, Moment, randomness
from proofloom.training.config import FitConfig, TrainingError
from proofloom.training.optimisers import adamw

CPU = torch.device("cpu")
OURS = {"batch": "64"}


@pytest.fixture
def trained(new_model: Callable[..., Any]) -> tuple[Any, Any]:
    """A model and an optimiser that has taken a step."""
    model = new_model()
    optimiser = adamw(model, FitConfig())
    model(torch.tensor([[1, 2, 3]])).logits.sum().backward()
    optimiser.step()
    return model, optimiser


def test_everything_comes_back(trained: tuple[Any, Any], new_model: Callable[..., Any], tmp_path: Path) -> None:
    model, optimiser = trained
    checkpoints = Checkpoints(tmp_path / "checkpoint.pt")
    assert checkpoints.load({"model": model, "optimiser": optimiser}, OURS) is None
    checkpoints.save(Moment(7, randomness(CPU)), {"model": model, "optimiser": optimiser}, OURS)
    drawn = torch.rand(3)
    other = new_model()
    fresh = adamw(other, FitConfig())
    moment = checkpoints.load({"model": other, "optimiser": fresh}, OURS)
    assert moment is not None
    assert moment.step == 7
    torch.set_rng_state(moment.random["cpu"])
    assert torch.equal(torch.rand(3), drawn)
    for one, same in zip(model.parameters(), other.parameters(), strict=True):
        assert torch.equal(one, same)
        assert torch.equal(optimiser.state[one]["exp_avg"], fresh.state[same]["exp_avg"])


def test_a_kill_between_writing_and_moving_leaves_the_old_checkpoint(trained: tuple[Any, Any], tmp_path: Path) -> None:
    model, optimiser = trained
    checkpoints = Checkpoints(tmp_path / "checkpoint.pt")
    checkpoints.save(Moment(1, randomness(CPU)), {"model": model, "optimiser": optimiser}, OURS)
    child = os.fork()
    if child == 0:  # the machine stops when all is written and nothing is moved
        Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[assignment,method-assign]
        checkpoints.save(Moment(2, randomness(CPU)), {"model": model, "optimiser": optimiser}, OURS)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 2  # what was written is beside it
    moment = checkpoints.load({"model": model, "optimiser": optimiser}, OURS)
    assert moment is not None
    assert moment.step == 1
    checkpoints.save(Moment(3, randomness(CPU)), {"model": model, "optimiser": optimiser}, OURS)
    moment = checkpoints.load({"model": model, "optimiser": optimiser}, OURS)
    assert moment is not None
    assert moment.step == 3


def test_a_full_disk_leaves_the_old_checkpoint(
    trained: tuple[Any, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, optimiser = trained
    checkpoints = Checkpoints(tmp_path / "checkpoint.pt")
    checkpoints.save(Moment(1, randomness(CPU)), {"model": model, "optimiser": optimiser}, OURS)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(AssistantError, match=r"checkpoint\.pt: cannot be written \(No space left on device\)"):
            checkpoints.save(Moment(2, randomness(CPU)), {"model": model, "optimiser": optimiser}, OURS)
    moment = checkpoints.load({"model": model, "optimiser": optimiser}, OURS)
    assert moment is not None
    assert moment.step == 1
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt"]


def test_a_torn_file_and_another_trainings_are_refused(trained: tuple[Any, Any], tmp_path: Path) -> None:
    model, optimiser = trained
    file = tmp_path / "checkpoint.pt"
    checkpoints = Checkpoints(file)
    checkpoints.save(Moment(1, randomness(CPU)), {"model": model, "optimiser": optimiser}, OURS)
    with pytest.raises(TrainingError, match=r"checkpoint\.pt: it was made with batch=64, now it is 32; train in"):
        checkpoints.load({"model": model, "optimiser": optimiser}, {"batch": "32"})
    with pytest.raises(TrainingError, match="it was made by an earlier version, which kept no first weights; train in"):
        checkpoints.load({"model": model, "optimiser": optimiser}, OURS | {"first weights": "abc"})
    file.write_bytes(file.read_bytes()[:-2000])
    with pytest.raises(TrainingError, match="no checkpoint can be read from it"):
        checkpoints.load({"model": model, "optimiser": optimiser}, OURS)
    file.write_bytes(b"")
    with pytest.raises(TrainingError, match="no checkpoint can be read from it"):
        checkpoints.load({"model": model, "optimiser": optimiser}, OURS)


def test_what_is_frozen_is_not_kept_and_stays_as_it_is(new_model: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.pt"
    model, other = new_model(), new_model()
    frozen = model.gpt_neox.embed_in.weight.requires_grad_(False)  # lm_head has the same weights
    untouched = frozen.clone()
    with torch.no_grad():
        for one in model.parameters():
            one.add_(1.0)
    Checkpoints(file).save(Moment(1, randomness(CPU)), {"model": model}, OURS)
    assert not {"lm_head.weight", "gpt_neox.embed_in.weight"} & set(torch.load(file)["model"])
    Checkpoints(file).load({"model": other}, OURS)
    for (name, one), same in zip(model.named_parameters(), other.parameters(), strict=True):
        assert torch.equal(untouched if one is frozen else one, same), name
