"""The verb `inspect`: levels without a model, tables and pictures with models, and what is refused."""

from __future__ import annotations

import io
import json
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from proofloom.app.cli import app
from proofloom.app.inspection.flow_report import model_names
from proofloom.app.inspection.inspect import LEVELS, PAGE, TOKENS, inspect
from proofloom.app.toml_records import BadInput

TWO_GOALS = (
    "case inl\nA : Type\nx y : A\nH : x < $y$ <b>&amp;\n⊢ forall z,\n  y = z\n\ncase inr\nB : Type\nb : B\n⊢ b = b"
)
ONE_GOAL = "n : nat\n⊢ n = n"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two random models of three layers, in `a/model` and `b/model`."""
    pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")
    pytest.importorskip("transformers", reason="transformers is not installed: pip install 'proofloom[model]'")
    from proofloom.models.folder import save_model
    from proofloom.models.neox import Size, build_model
    from proofloom.models.tokenizer import train_tokenizer

    place = tmp_path_factory.mktemp("models")
    tokenizer = train_tokenizer([TWO_GOALS, ONE_GOAL], 280)
    made = [place / name / "model" for name in "ab"]
    for seed, folder in enumerate(made):
        folder.parent.mkdir()
        save_model(build_model(Size(3, 32, 4, 280), tokenizer, seed), tokenizer, "", folder)
    return made


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("state.txt").write_text(ONE_GOAL + "\n", "utf-8")
    records = [{"state": TWO_GOALS}, {"state": "case inl"}, {"state_before": ONE_GOAL, "tactic": "auto"}]
    Path("states.jsonl").write_text("".join(json.dumps(record) + "\n\n" for record in records))
    Path("empty.txt").write_text("\n \n")
    Path("latin.txt").write_bytes(b"\xe9 : nat")
    Path("broken.jsonl").write_text('{"state": "⊢ True"}\n{"state": ', "utf-8")
    Path("other.jsonl").write_text('{"goal": "⊢ True"}\n')
    Path("none.jsonl").write_text('{"state": "x"}\n{"state": "no goals"}\n')
    return tmp_path


def no_torch(monkeypatch: pytest.MonkeyPatch, missing: str = "torch") -> None:
    for name in [name for name in sys.modules if name == missing or name.startswith(f"{missing}.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)


def test_levels_need_no_model_and_no_torch(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    no_torch(monkeypatch)
    assert inspect(TWO_GOALS, output=Path("out/deep")) == 0
    assert capsys.readouterr().out.splitlines() == [
        "case      case inl",
        "type      A : Type",
        "instance  x y : A",
        "instance  H : x < $y$ <b>&amp;",
        "goal      ⊢ forall z,",
        "goal        y = z",
        "context",
        "case      case inr",
        "type      B : Type",
        "instance  b : B",
        "goal      ⊢ b = b",
        "",
        "out/deep/inspect.html",
    ]
    assert [path.name for path in Path("out/deep").iterdir()] == [PAGE]
    page = Path("out/deep", PAGE).read_text("utf-8")
    assert '<span class="level-3" title="instance, goal 1">H : x &lt; $y$ &lt;b&gt;&amp;amp;</span>' in page
    assert '<span class="level-1" title="case, goal 2">case inr</span>' in page
    assert "<b>" not in page


def test_a_file_and_standard_input_are_read_alike(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = []
    for given in ("state.txt", "-", ONE_GOAL):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(ONE_GOAL.replace("\n", "\r\n").encode())))
        assert inspect(given, as_json=True) == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1] == said[2]
    assert json.loads(said[0]) == {
        "state": ONE_GOAL,
        "can_flow": False,
        "lines": [{"level": "instance", "goal": 0, "text": "n : nat"}, {"level": "goal", "goal": 0, "text": "⊢ n = n"}],
    }


def test_of_many_states_those_that_are_none_are_left_out_and_told(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert inspect("states.jsonl", as_json=True) == 0
    said = capsys.readouterr()
    assert [json.loads(line)["state"] for line in said.out.splitlines()] == [TWO_GOALS, ONE_GOAL]
    assert said.err.splitlines() == [
        "proofloom: left out: states.jsonl, line 3: is no proof state (goal 'case inl': wanted a line that starts "
        "with '⊢')"
    ]
    assert inspect("states.jsonl", states=1, as_json=True) == 0
    said = capsys.readouterr()
    assert (len(said.out.splitlines()), said.err) == (1, "")


@pytest.mark.parametrize(
    ("given", "options", "complaint"),
    [
        ("none.txt", {}, "none.txt: no file that can be read (No such file or directory), and no state, which has a"),
        (".", {}, ".: no file that can be read (Is a directory)"),
        ("n" * 5000, {}, "no file that can be read (File name too long)"),
        ("n : nat\nx", {}, "the state: is no proof state (declaration 'x': wanted 'names : type')"),
        ("⊢ a\nx : nat", {}, "the state: is no proof state (goal: line 'x : nat' stands after the conclusion)"),
        ("empty.txt", {}, "empty.txt: is empty; wanted a proof state, or JSON lines with the field state or state_"),
        ("latin.txt", {}, "latin.txt: is not UTF-8 text"),
        ("broken.jsonl", {}, "broken.jsonl, line 2: is not JSON"),
        ("other.jsonl", {}, "other.jsonl, line 1: wanted an object with a text in the field state or state_before"),
        ("none.jsonl", {}, "none.jsonl: holds no proof state; none.jsonl, line 1: is no proof state"),
        ("state.txt", {"layers": "1,x"}, "--layers 1,x: wanted numbers from 1 up, separated by commas"),
        ("state.txt", {"output": Path("state.txt/out")}, "--output state.txt/out: no folder can be made there"),
    ],
)
def test_bad_input_is_refused_in_one_line(here: Path, given: str, options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(BadInput) as caught:
        inspect(given, **options)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_models_stand_side_by_side_in_tables_pictures_and_page(
    here: Path, folders: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed: pip install 'proofloom[model]'")
    assert inspect("states.jsonl", model=folders, constrained=2, layers="3", output=Path("out")) == 0
    out = capsys.readouterr().out
    assert "mean over 2 states, of which 1 can have a limited flow" in out
    assert re.search(r"^ +a/model {30,}b/model$", out, re.MULTILINE)
    assert len(re.findall(r"layers 1-2 +layers 3-3", out)) == 4
    rows = re.findall(r"^(context|case|type|instance|goal) +((?:[ \d.]+ / [ \d.]+ / [ \d.]+){4})$", out, re.MULTILINE)
    assert len(rows) == 10
    for level, row in rows:
        shares = [float(number) for number in re.findall(r"[\d.]+", row)]
        assert [sum(shares[k : k + 3]) for k in (0, 3, 6, 9)] == pytest.approx([100] * 4, abs=0.16)
        assert level != "goal" or shares[2::3] == [0] * 4
    assert out.splitlines()[-3:] == [f"out/{name}" for name in (PAGE, LEVELS, TOKENS)]
    for name in (LEVELS, TOKENS):
        assert Path("out", name).read_bytes().startswith(b"\x89PNG\r\n")
    page = Path("out", PAGE).read_text("utf-8")
    assert page.count('src="data:image/png;base64,') == page.count("src=") == 2
    assert "://" not in page
    assert "<script" not in page
    assert "<b>" not in page
    assert page.count('title="context">[GOAL]</span>') == page.count('title="outside">[PROOFSTEP]</span>') == 2


def test_json_says_what_was_measured(here: Path, folders: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    from proofloom.attention.interface import use_flow_attention
    from proofloom.evaluation.attention_flows import Keys, attention_flows, flow_types, mean_shares
    from proofloom.hierarchy import Level, levelled_text
    from proofloom.models.folder import load_model, load_tokenizer
    from proofloom.models.prompt import prompts

    assert inspect("state.txt", model=folders[:1], as_json=True) == 0
    state, model = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert state["state"] == ONE_GOAL
    assert (model["model"], model["constrained"], model["cut"]) == ("model", 3, 0)
    loaded = load_model(folders[0])
    use_flow_attention(loaded)
    shares = attention_flows(loaded, prompts(load_tokenizer(folders[0]), [levelled_text(ONE_GOAL)], 100))
    for keys in Keys:
        wanted = flow_types(mean_shares(shares[keys]))
        found = model["flows"][keys.value]
        assert list(found["groups"]) == ["layers 1-3"]
        assert list(found["groups"]["layers 1-3"]["goal"].values()) == pytest.approx(wanted.mean(0)[Level.GOAL])
        assert list(found["layers"][2]["instance"].values()) == pytest.approx(wanted[2, Level.INSTANCE])
        assert found["layers"][0]["case"] == {"guided": None, "unrestricted": None, "limited": None}
        assert (found["states"]["case"], found["states"]["goal"]) == (0, 1)


def test_models_that_cannot_be_looked_into_are_refused(here: Path, folders: list[Path]) -> None:
    for options, complaint in [
        ({"model": [Path("none")]}, "--model none: is no folder; wanted one with config.json"),
        ({"model": [here]}, f"--model {here}: no tokenizer can be read from it"),
        ({"model": folders, "constrained": 4}, f"--constrained 4: {folders[0]} has 3 layers"),
        ({"model": folders, "layers": "1,5"}, f"--layers 5: {folders[0]} has 3 layers"),
    ]:
        with pytest.raises(BadInput) as caught:
            inspect("state.txt", output=Path("out"), **options)
        assert complaint in str(caught.value)
        assert "\n" not in str(caught.value)
    assert not Path("out").exists()


def test_without_matplotlib_the_extra_is_named(
    here: Path, folders: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    no_torch(monkeypatch, "matplotlib")
    with pytest.raises(BadInput) as caught:
        inspect("state.txt", model=folders[:1], output=Path("out"))
    assert str(caught.value) == "inspect: matplotlib is not installed; pip install 'proofloom[model]'"
    assert not Path("out").exists()


def test_the_tokens_of_a_page_are_its_text(folders: list[Path]) -> None:
    from proofloom.app.inspection.inspect import token_texts
    from proofloom.models.folder import load_tokenizer

    tokenizer = load_tokenizer(folders[0])
    text = f"{TWO_GOALS}αβ 𝓝 \n"
    texts = token_texts(tokenizer, tokenizer(text)["input_ids"])
    assert "".join(texts) == text
    assert {"", "α", "𝓝"} <= set(texts)  # bytes of a character that the tokenizer does not know


def test_names_tell_folders_apart() -> None:
    assert model_names([Path("runs/a/model")]) == ["model"]
    assert model_names([Path("runs/a/model"), Path("runs/b/model")]) == ["a/model", "b/model"]
    assert model_names([Path("a"), Path("x/a")]) == ["a", "x/a"]


def test_every_command_of_the_page_works(
    folders: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed: pip install 'proofloom[model]'")
    page = (Path(__file__).parents[3] / "docs" / "inspect.md").read_text("utf-8")
    monkeypatch.chdir(tmp_path)
    for name, text in re.findall(r"^```text (\S+)\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        Path(name).write_text(text, "utf-8")
    Path("runs").mkdir()
    for name, folder in zip(("plain", "flow"), folders, strict=True):
        Path("runs", name).symlink_to(folder.parent)
    commands = re.findall(r"^\$ proofloom (.*)\n((?:(?![$`]).*\n)*)", page, re.MULTILINE)
    assert len(commands) == 5
    for command, printed in commands:
        line, _, source = command.partition(" < ")
        if source:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(Path(source).read_bytes())))
        assert app(shlex.split(line), standalone_mode=False) == 0
        out = capsys.readouterr().out
        assert not printed or out == printed
    assert sorted(path.name for path in Path("flows").iterdir()) == sorted([PAGE, LEVELS, TOKENS])
    assert re.search(r"^ +plain/model +flow/model$", out, re.MULTILINE)


def test_the_tree_of_a_state_is_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    assert inspect(ONE_GOAL, tree=True) == 0
    tree = ["state", "└─ goal", "   ├─ declarations", "   │  └─ n : nat", "   └─ conclusion: ⊢ n = n"]
    assert capsys.readouterr().out.splitlines() == ["instance  n : nat", "goal      ⊢ n = n", "", *tree]
    assert inspect(ONE_GOAL, tree=True, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["tree"] == tree


def test_a_page_has_the_trees_that_are_wanted(here: Path) -> None:
    for tree in (False, True):
        assert inspect(ONE_GOAL, tree=tree, output=Path("out")) == 0
        assert ("│  └─ n : nat" in Path("out", PAGE).read_text("utf-8")) == tree


def test_the_model_of_the_package_has_a_name(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")
    assert inspect(TWO_GOALS, model=[Path("shipped")]) == 0
    assert re.search(r"^ +shipped$", capsys.readouterr().out, re.MULTILINE)
