"""The verb `train`: a run folder with all that its page names, resumed by its name; refused in one line."""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from proofloom.app.experiments.train import INTERRUPTED, train
from proofloom.app.experiments.train_settings import train_settings
from proofloom.app.proving.run_folder import alone_in
from proofloom.app.toml_records import BadInput
from proofloom.corpus.library import DEFAULT_PLACE
from proofloom.proofs import ProofState


def models() -> Any:
    pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")
    return pytest.importorskip("transformers", reason="transformers is not installed: pip install 'proofloom[model]'")


def test_a_run_leaves_a_model_and_its_card(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    transformers = models()
    assert train("r", split="random", epochs=2, seed=3, as_json=True) == 0
    made = json.loads(capsys.readouterr().out)
    folder = here / "runs" / "r"
    config = tomllib.loads((folder / "config.toml").read_text())
    assert (config["split"], config["size"], config["library"]) == ("random@1", "nano", str(DEFAULT_PLACE))
    assert (config["fit"]["epochs"], config["fit"]["seed"], config["flow"]["strength"]) == (2.0, 3, 0.1)
    assert config["flow"]["hierarchy"] == "five"
    records = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert records[-1]["loss"] == made["loss"] < records[0]["loss"]
    assert made["examples"]["train: whole"] == 60
    assert made["examples"]["val: whole"] == 12
    model = transformers.AutoModelForCausalLM.from_pretrained(folder / "model")
    assert model.num_parameters() == made["parameters"]
    card = (folder / "model" / "README.md").read_text()
    assert f"Split `random@1`, digest `{made['digest']}`" in card
    assert "https://example.org/lib" in card
    assert sorted(path.name for path in folder.iterdir()) == [
        "checkpoint.pt", "config.toml", "lock", "metrics.jsonl", "model", "tokenizer", "train.arrays", "val.arrays",
    ]  # fmt: skip
    assert train("r") == 0  # it is at its end; its own settings are used
    assert [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()][:-1] == records[:-1]
    with pytest.raises(BadInput, match=r"--run r was started with fit.seed = 3, now it is 4; use another --run"):
        train("r", seed=4)


def test_what_a_model_was_taught_to_read_is_what_it_is_asked(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models()
    from proofloom.models.engine.choice import engine_for
    from proofloom.models.engine.text import Asked
    from proofloom.models.engine.tokenized import TokenizedEngine
    from proofloom.models.folder import load_model, load_tokenizer
    from proofloom.models.prompt import Prompt, prompts
    from proofloom.training.examples import Examples

    told = "[reading]\nlevels = 'lines'\ntags = true\n[fit]\nepochs = 0.1\n[flow]\nlearned = true\n"
    (here / "tags.toml").write_text(told)
    assert train("t", split="random", config=here / "tags.toml", as_json=True) == 0
    folder = here / "runs" / "t"
    assert tomllib.loads((folder / "config.toml").read_text())["reading"]["levels"] == "lines"
    tokenizer, seen = load_tokenizer(folder / "model"), list[Prompt]()
    card = (folder / "model" / "README.md").read_text()
    assert "| reading tags | True |" in card
    assert "| flow hierarchy | five, learned |" in card
    assert "| level of variable | 2.8" in card

    def watched(*given: Any) -> list[Prompt]:
        seen.extend(prompts(*given))
        return seen

    monkeypatch.setattr(f"{TokenizedEngine.__module__}.prompts", watched)
    state = ProofState.parse("A : Type\na : A\n⊢ a0 = a0")
    engine = engine_for(load_model(folder / "model"), tokenizer.eos_token_id)
    TokenizedEngine(engine, tokenizer).complete([Asked(state)], 2)
    assert tokenizer.decode(seen[0].tokens) == "[GOAL]<type>A : Type\n<instance>a : A\n<goal>⊢ a0 = a0[PROOFSTEP]"
    examples = Examples.read(folder / "train.arrays", (folder / "tokenizer" / "stamp").read_text())
    assert examples is not None
    starts = examples.starts[:-1]
    learned = [examples.tokens[at : at + n].tolist() for at, n in zip(starts, examples.prompts, strict=True)]
    assert seen[0].tokens in learned
    assert examples.counts["levels from lines"] == 60
    tags = tokenizer.convert_tokens_to_ids(["<type>", "<instance>", "<goal>"])
    assert [place in seen[0].tokens for place in tags] == [True] * 3
    assert [seen[0].levels[seen[0].tokens.index(tag)] for tag in tags] == [2, 3, 4]


def test_ctrl_c_keeps_a_checkpoint_and_the_name_goes_on(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    models()
    from proofloom.training.metrics import JsonLines

    write = JsonLines.write

    def interrupt(self: Any, record: Any) -> None:
        write(self, record)
        if record["step"] == 1:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(JsonLines, "write", interrupt)
        assert train("r", split="random", epochs=2) == INTERRUPTED
    assert "interrupted; `proofloom train --run r` goes on" in capsys.readouterr().err
    assert not (here / "runs/r/model").exists()
    assert train("r") == 0
    said = capsys.readouterr()
    assert "preparing the examples" not in said.err
    assert "runs/r/model: " in said.out
    steps = [json.loads(line)["step"] for line in (here / "runs/r/metrics.jsonl").read_text().splitlines()]
    assert steps == [0, 1, 2]


def test_two_trainings_of_one_name_do_not_run_at_once(here: Path) -> None:
    models()
    (here / "runs" / "r").mkdir(parents=True)
    with alone_in(here / "runs" / "r"), pytest.raises(BadInput, match="runs/r: another process is at work on this run"):
        train("r", split="random")


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({}, "train: no split is named; make one with `proofloom split`"),
        ({"split": "odd"}, "there is no split 'odd'; there are: random@1"),
        ({"split": "random", "size": "huge"}, "unknown size 'huge'; valid: nano, mini, tiny, small, base"),
        ({"split": "random", "flow": -1.0}, "the options: flow strength=-1.0: wanted a finite number of at least 0"),
        ({"split": "random", "epochs": 0.0}, "the options: epochs=0.0: wanted a finite number above 0"),
        ({"split": "random", "db": "none.sqlite"}, "none.sqlite: there is no library; make one with"),
        ({"split": "random", "config": Path("no.toml")}, "no.toml: cannot be read"),
        ({"split": "random", "config": Path("bad.toml")}, "unknown setting in bad.toml: 'widht'; valid: epochs, batch"),
        (
            {"split": "random", "config": Path("deep.toml")},
            "flow layers=5: wanted at most 4, the layers of the model",
        ),
        ({"split": "random", "closings": "none.jsonl"}, "none.jsonl: cannot be read"),
        ({"split": "random", "run": "a/b"}, "--run a/b: wanted a name of letters"),
        ({"split": "random", "base": "none"}, "--base none: there is no such folder or file"),
        (
            {"split": "random", "base": "b", "size": "nano"},
            "the options: size nano and base b: wanted a new model or one",
        ),
        ({"split": "random", "lora": 4}, "the options: lora 4 without a base: a new model has nothing to adapt"),
    ],
)
def test_bad_input_is_refused_before_anything_is_made(here: Path, options: dict[str, Any], complaint: str) -> None:
    models()
    (here / "bad.toml").write_text("[fit]\nwidht = 3\n")
    (here / "deep.toml").write_text("[flow]\nlayers = 5\n")
    with pytest.raises(BadInput) as caught:
        train(**{"run": "r", **options})
    assert complaint in str(caught.value)
    assert not (here / "runs").exists()


def test_settings_come_back_from_their_toml() -> None:
    models()
    given: dict[str, dict[str, Any]] = {
        "": {"library": "a.sqlite", "split": "s@1", "size": "tiny"},
        "reading": {"levels": "paper", "variables": "type", "tags": True},
        "limits": {"prompt": 99},
        "fit": {"batch": 7, "precision": "float32"},
        "flow": {"layers": "all", "hierarchy": "five-reversed", "heads": "sum", "separate_goals": True, "anchor": 2},
    }
    settings = train_settings("", "options", given)
    assert settings.fit.flow.layers is None
    assert train_settings(settings.toml, "config.toml", {}) == settings
    assert train_settings(settings.toml, "config.toml", {"fit": {"batch": 8}}).fit.batch == 8
    for text, complaint in [
        ("[flow]\nhierarchy = 'six'", "unknown hierarchy 'six'; valid: five, three, five-reversed"),
        ("[fit]\nprecision = 'double'", "f.toml: 'double' is not a valid Precision"),
        ("[limits]\nprompt = 1", "f.toml: prompt=1: wanted at least 3 tokens"),
        ("[reading]\nlevels = 'words'", "f.toml: 'words' is not a valid LevelSource"),
        ("[reading]\ntags = 1", "f.toml: reading tags=1: wanted true or false"),
        (
            "[flow]\nlearned = true\nstrength = 0",
            "f.toml: flow learned=True with strength=0: wanted a strength above 0",
        ),
        ("[flow]\nlearned = true\nhierarchy = 'three'", "flow learned=True with hierarchy three: wanted five"),
        ("[flow]\nlearned = 1", "f.toml: flow learned=1: wanted true or false"),
        ("[flow]\nanchor = -1", "f.toml: flow anchor=-1.0: wanted a finite number of at least 0"),
        ("fit = 3", "[fit] must be a table"),
        ("x = ", "f.toml: not TOML"),
    ]:
        with pytest.raises(BadInput) as caught:
            train_settings(text, "f.toml", {})
        assert complaint in str(caught.value)


def test_without_torch_the_extra_is_named(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "proofloom.attention.flow_loss", raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(BadInput) as caught:
        train("r", split="random")
    assert str(caught.value) == "train: torch is not installed; pip install 'proofloom[model]'"
    assert not (here / "runs").exists()
