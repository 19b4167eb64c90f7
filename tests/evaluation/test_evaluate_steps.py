"""The verb `evaluate --steps`: rows are kept, the same name goes on, and bad input is refused in one line."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from toy_library import toy_library
from toy_models import toy_folder

from proofloom.app.cli import main
from proofloom.app.experiments.evaluate import INTERRUPTED, evaluate
from proofloom.app.toml_records import BadInput
from proofloom.evaluation.contest_rows import ContestRows
from proofloom.evaluation.steps import contest as step_contest
from proofloom.search.row_file import JournalError

pytest.importorskip("transformers", reason="transformers is not installed: pip install 'proofloom[model]'")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a library and three models."""
    folder = tmp_path_factory.mktemp("home")
    toy_library(folder / "library.sqlite")
    for seed in range(3):
        toy_folder(folder / f"m{seed}", seed)
    return folder


@pytest.fixture
def here(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own to run in."""
    monkeypatch.chdir(tmp_path)
    for entry in home.iterdir():
        (tmp_path / entry.name).symlink_to(entry)
    return tmp_path


MODELS = ["plain/0=m0", "flow/0=m1"]


def run(models: list[str] | None = None, **options: Any) -> int:
    given = {"run": "r", "db": "library.sqlite", "split": "toy", "part": ["val", "test"], "steps": True}
    return evaluate(models or MODELS, **{**given, **options})


def test_arms_are_compared_on_the_same_steps(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(as_json=True) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["theorems"], found["steps"], found["too_long"]) == (10, 20, 0)
    assert [one["name"] for one in found["contestants"]] == ["plain/0", "flow/0"]
    (compared,) = found["comparisons"]
    means = [one["logprob"]["value"] for one in found["arms"]]
    assert compared["logprob"]["value"] == pytest.approx(means[1] - means[0])
    assert compared["logprob"]["low"] < compared["logprob"]["value"] < compared["logprob"]["high"]
    assert json.loads((here / "runs/r/findings.json").read_text()) == found
    assert run(["a/0=m0", "b/0=m0"], run="same") == 0
    assert "b against a, on the same steps" in (told := capsys.readouterr().out)
    assert "log-probability +0.0000 [+0.0000, +0.0000]; likelier on 0 theorems, less so on 0, p = 1" in told


def test_the_same_run_goes_on_and_takes_more_theorems_and_models(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(limit=4) == 0
    asked: list[int] = []
    scores = step_contest.step_scores

    def counted(loaded: Any, pairs: Any, longest: int) -> Any:
        asked.append(len(pairs))
        return scores(loaded, pairs, longest)

    monkeypatch.setattr(step_contest, "step_scores", counted)
    capsys.readouterr()
    assert run([*MODELS, "flow/1=m2"]) == 0
    assert asked == [12, 12, 20]
    assert "10 of 10 theorems scored" in capsys.readouterr().err
    assert run([*MODELS, "flow/1=m2"]) == 0
    assert len(asked) == 3
    with ContestRows(here / "runs/r/contest.sqlite") as rows:
        assert len({row.key for row in rows.steps()}) == len(rows.steps()) == 30


def test_ctrl_c_keeps_what_is_there(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = step_contest.step_scores
    calls: list[int] = []

    def interrupted(loaded: Any, pairs: Any, longest: int) -> Any:
        calls.append(len(pairs))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return scores(loaded, pairs, longest)

    with monkeypatch.context() as patched:
        patched.setattr(step_contest, "step_scores", interrupted)
        patched.setattr(step_contest, "THEOREMS_AT_ONCE", 4)
        assert run() == INTERRUPTED
    said = capsys.readouterr()
    assert "human tactics: 8 steps of 4 theorems" in said.out
    assert "interrupted; the same command with --run r goes on from here" in said.err
    assert run() == 0
    assert "human tactics: 20 steps of 10 theorems" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("models", "options", "complaint"),
    [
        (["plain=m0"], {}, "plain=m0: wanted NAME/SEED=FOLDER"),
        (["plain/0=none"], {}, "none: has no config.json; wanted the folder of a model"),
        (None, {"part": ["train"]}, "unknown --part 'train'; valid: val, test"),
        (None, {"split": "odd"}, "there is no split 'odd'; there are: toy@1"),
        (None, {"db": "none.sqlite"}, "none.sqlite: there is no library"),
        (None, {"run": "a/b"}, "--run a/b: wanted a name of letters"),
    ],
)
def test_bad_input_is_refused_before_anything_is_made(
    here: Path, models: list[str] | None, options: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(BadInput) as caught:
        run(models, **options)
    assert complaint in str(caught.value)
    assert not (here / "runs").exists()


def test_another_model_under_the_same_name_is_refused(here: Path) -> None:
    assert run(limit=1) == 0
    with pytest.raises(JournalError, match=r"its rows of flow/0 are of other weights"):
        run(["plain/0=m0", "flow/0=m2"])


def test_the_command_of_the_page_works(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).parents[2] / "docs" / "evaluate.md").read_text("utf-8")
    for number, name in enumerate(("plain-0", "plain-1", "flow-0", "flow-1")):
        (here / "runs" / name).mkdir(parents=True)
        (here / "runs" / name / "model").symlink_to(here / f"m{number % 3}")
    (command,) = [line for line in re.findall(r"^\$ (.*)$", page, re.MULTILINE) if "--steps" in line]
    program, *arguments = shlex.split(command)
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert (program, left.value.code) == ("proofloom", 0)
    told = capsys.readouterr().out
    assert "human tactics: 16 steps of 8 theorems" in told
    assert "flow against plain" in told
    assert sorted(path.name for path in (here / "runs/steps").iterdir() if path.suffix != ".lock") == [
        "config.toml", "contest.sqlite", "findings.json", "lock",
    ]  # fmt: skip


def test_a_model_that_has_learned_another_split_is_warned_of(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = here / "m1" / "tokenizer_config.json"
    record = [{"split": "random@3", "digest": "ab" * 32}]
    file.write_text(json.dumps(json.loads(file.read_text()) | {"proofloom_learned": record}))
    assert run() == 0
    said = [line for line in capsys.readouterr().err.splitlines() if "warning" in line]
    assert len(said) == 1
    assert "m1: has learned the training part of random@3 (abababababab), and this is toy@1" in said[0]
