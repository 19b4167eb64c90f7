"""Models of other families are trained with the same loss, whole or by adapters, and come out as plain models."""

from __future__ import annotations

import importlib.util
import json
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")
transformers = pytest.importorskip(
    "transformers", reason="transformers is not installed: pip install 'proofloom[model]'"
)

from foreign_model import foreign_folder

from proofloom.app.experiments.train import INTERRUPTED, train
from proofloom.app.experiments.train_settings import train_settings
from proofloom.app.toml_records import BadInput
from proofloom.hierarchy import Reading
from proofloom.models.errors import ModelError
from proofloom.models.folder import load_model, load_tokenizer
from proofloom.models.pretrained import load_pretrained, prepare
from proofloom.models.prompt import prompts
from proofloom.models.provenance import learned_by
from proofloom.models.reading import remembered_reading
from proofloom.policies.model.folder import loaded_model
from proofloom.training.metrics import JsonLines
from proofloom.training.start import Pretrained

PROMPT, TACTIC = 150, 20
LIMITS = f"[limits]\nprompt = {PROMPT}\ntactic = {TACTIC}\n"


def weights(folder: Path) -> dict[str, Any]:
    return dict(load_model(folder).state_dict())


@pytest.mark.parametrize("family", ["llama", "gpt_neox", "qwen2"])
def test_a_model_of_any_family_is_trained_whole(
    family: str,
    here: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    base = foreign_folder(family, here / "base")
    (here / "c.toml").write_text(f"{LIMITS}[fit]\nlearning_rate = 1e-2\nepochs = 3\n[reading]\nvariables = 'type'\n")
    assert train("r", split="random", base="base", config=here / "c.toml", flow=0.5, as_json=True) == 0
    made = json.loads(capsys.readouterr().out)
    records = [json.loads(line) for line in (here / "runs/r/metrics.jsonl").read_text().splitlines()]
    assert made["loss"] < records[0]["loss"]
    folder = here / "runs" / "r" / "model"
    before, after = weights(base), weights(folder)
    assert before.keys() == after.keys()
    assert not any(torch.equal(before[name], after[name]) for name in before if name.endswith("proj.weight"))
    assert remembered_reading(load_tokenizer(folder)) == Reading.from_record({"variables": "type"})
    loaded = loaded_model(folder)
    assert (loaded.room, loaded.most_tokens) == (PROMPT, TACTIC)  # as it was taught, though there is more room
    assert [one.split for one in learned_by(folder)] == ["random@1"]
    card = (folder / "README.md").read_text()
    assert f"A {family} model of" in card
    assert "Training started from `base`, whose licence holds for it too." in card
    assert "license: other" in card
    assert not (here / "runs/r/tokenizer").exists()
    assert train("r") == 0  # its own settings are used again


def test_adapters_are_trained_kept_and_merged(
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("peft", reason="peft is not installed: pip install 'proofloom[train]'")
    base = foreign_folder("llama", here / "base")
    (here / "c.toml").write_text(f"{LIMITS}[fit]\nlearning_rate = 1e-2\nepochs = 2\nbatch = 20\nlog_every = 1\n")
    options: dict[str, Any] = {"split": "random", "base": "base", "lora": 4, "config": here / "c.toml"}
    assert train("whole", **options, as_json=True) == 0
    made = json.loads(capsys.readouterr().out)
    write = JsonLines.write

    def interrupt(self: Any, record: Any) -> None:
        write(self, record)
        if record["step"] == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(JsonLines, "write", interrupt)
        assert train("cut", **options) == INTERRUPTED
    kept = torch.load(here / "runs/cut/checkpoint.pt")["model"]
    assert kept
    assert all("lora" in name for name in kept)
    assert train("cut") == 0
    one, other = (weights(here / "runs" / name / "model") for name in ("whole", "cut"))
    start = weights(base)
    assert one.keys() == other.keys() == start.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
    changed = {name for name in one if not torch.equal(one[name], start[name])}
    assert changed == {name for name in one if "_proj." in name}
    assert made["parameters"] == load_model(base).num_parameters()
    records = [json.loads(line) for line in (here / "runs/whole/metrics.jsonl").read_text().splitlines()]
    assert made["loss"] < records[0]["loss"]
    assert "| lora | 4 |" in (here / "runs/whole/model/README.md").read_text()


def test_a_text_begins_as_the_tokenizer_begins_it(tmp_path: Path) -> None:
    for family, begin in (("llama", [1]), ("qwen2", [])):
        model, tokenizer = load_pretrained(foreign_folder(family, tmp_path / family, context=512))
        assert tokenizer.pad_token_id is not None
        (prompt,) = prompts(tokenizer, [Reading().of_text("⊢ P 3")], 99)
        assert prompt.tokens[: len(begin)] == begin
        assert tokenizer.decode(prompt.tokens[len(begin) :]) == "[GOAL]⊢ P 3[PROOFSTEP]"
        assert prompt.levels[0] == 0
        prepare(model, tokenizer, Reading(), 448, 64)
        with pytest.raises(ModelError, match="prompt and tactic of 513 tokens: wanted at most 512"):
            prepare(model, tokenizer, Reading(), 448, 65)


def test_how_a_base_is_trained_and_how_a_new_model_if_nothing_is_named() -> None:
    for given, fit, rate, optimiser, prompt in [
        ({"base": "b"}, {}, 1e-5, "adamw", 0.0),
        ({"base": "b", "lora": 8}, {}, 2e-4, "adamw", 0.0),
        ({"size": "nano"}, {}, 1e-2, "muon", 0.2),
        ({"size": "nano"}, {"optimiser": "adamw"}, 1e-3, "adamw", 0.2),
        ({"size": "nano"}, {"learning_rate": 0.02, "prompt_loss": 0.5}, 0.02, "muon", 0.5),
    ]:
        settings = train_settings("", "options", {"": given, "fit": fit})
        assert settings.fit.learning_rate == rate
        assert settings.fit.optimiser == optimiser
        assert settings.fit.prompt_loss == prompt
        assert train_settings(settings.toml, "config.toml", {}) == settings
    assert train_settings("", "options", {"": {"base": "b"}, "fit": {"learning_rate": 0.1}}).fit.learning_rate == 0.1
    with pytest.raises(BadInput, match="lora -1: wanted a rank, a whole number of at least 1"):
        train_settings("base = 'b'\nlora = -1", "f.toml", {})


def test_a_model_is_called_after_its_base() -> None:
    names = [Pretrained(Path(f"m/{name}"), rank).name for name, rank in [("pythia-2.8b", 0), ("a-q4.gguf", 8)]]
    assert names == ["pythia-2.8b", "a-q4-lora"]


def test_a_gguf_file_that_is_none_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("gguf", reason="gguf is not installed: pip install 'proofloom[train]'")
    with pytest.raises(ModelError, match=r"none.gguf: is no file; wanted one of the format GGUF"):
        load_pretrained(tmp_path / "none.gguf")
    (tmp_path / "bad.gguf").write_bytes(b"nothing of the kind")
    with pytest.raises(ModelError, match=r"bad.gguf: no model can be read from it"):
        load_pretrained(tmp_path / "bad.gguf")


@pytest.mark.parametrize(
    ("missing", "options"), [("peft", {"lora": 4}), ("gguf", {"base": "m.gguf"}), ("trackio", {"trackio": True})]
)
def test_a_missing_package_is_named_before_anything_is_made(
    missing: str,
    options: dict[str, Any],
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (here / "base").mkdir()
    (here / "m.gguf").touch()
    find = importlib.util.find_spec
    monkeypatch.setattr(
        "proofloom.app.experiments.train.find_spec", lambda name: None if name == missing else find(name)
    )
    with pytest.raises(BadInput) as caught:
        train("r", **{"split": "random", "base": "base", **options})
    assert str(caught.value) == f"train: {missing} is not installed; pip install 'proofloom[model,train]'"
    assert not (here / "runs").exists()


def test_trackio_gets_the_numbers_and_is_told_the_end(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    module = SimpleNamespace(
        init=lambda **given: told.append(given),
        log=lambda numbers, step: told.append((step, numbers)),
        finish=lambda: told.append("finished"),
        __spec__=importlib.util.find_spec("json"),
    )
    monkeypatch.setitem(sys.modules, "trackio", module)  # type: ignore[arg-type]
    assert train("r", split="random", epochs=0.1, trackio=True) == 0
    assert (told[0]["project"], told[0]["name"], told[0]["config"]["epochs"]) == ("proofloom", "r", 0.1)
    assert [step for step, _ in told[1:-1]] == [0, 1, 1]
    assert set(told[1][1]) == {"validation/loss", "validation/exact", "validation/flow"}
    assert "train/learning_rate" in told[2][1]
    assert told[-1] == "finished"
    assert "trackio" not in tomllib.loads((here / "runs/r/config.toml").read_text())


def test_a_model_of_ours_that_is_trained_on_is_called_by_its_run_and_stays_ours(here: Path) -> None:
    assert train("first", split="random", epochs=0.5) == 0
    assert train("second", split="random", base="runs/first/model", epochs=0.5) == 0
    card = (here / "runs" / "second" / "model" / "README.md").read_text()
    assert card.startswith("---\nlicense: apache-2.0\n")
    assert "# proofloom-second\n" in card
    assert "Training started from `first`." in card
