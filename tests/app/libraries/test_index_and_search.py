"""The verbs `index` and `search`, and a prover that finds premises by vectors; with a tiny random encoder."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from proofloom.app.cli import main
from proofloom.app.languages import ROCQ, Installed
from proofloom.app.proving.prove import policy_kit
from proofloom.app.proving.settings import ProveSettings
from proofloom.app.toml_records import BadInput
from proofloom.assistants.rocq.toolchain import RocqToolchain
from proofloom.corpus.library import Library
from proofloom.corpus.records import Premise, Repository, TracedFile
from proofloom.policies.policy import Query
from proofloom.proofs import ProofState, Theorem

HERE = Repository("https://example.org/lib", "c0ffee", "rocq", "8.16.1", date(2026, 11, 1))
STATEMENTS = {
    "add_comm": "Lemma add_comm : forall n m : nat, n + m = m + n.",
    "mul_comm": "Lemma mul_comm : forall n m : nat, n * m = m * n.",
    "rev_app": "Lemma rev_app : forall l m : list A, rev (l ++ m) = rev m ++ rev l.",
}


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    error: str

    @property
    def names(self) -> list[str]:
        return [json.loads(line)["name"].rpartition(".")[2] for line in self.out.splitlines()]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """The command line in this process, in a folder with a library."""
    monkeypatch.chdir(tmp_path)
    add("Base", STATEMENTS)

    def command(*arguments: str) -> Answer:
        with pytest.raises(SystemExit) as left:
            main(arguments)
        captured = capsys.readouterr()
        return Answer(int(left.value.code or 0), captured.out, captured.err)

    return command


def add(name: str, statements: dict[str, str]) -> None:
    premises = tuple(
        Premise(f"L.{name}.{short}", text, "theorem", start) for start, (short, text) in enumerate(statements.items())
    )
    Path(".proofloom").mkdir(exist_ok=True)
    with Library.open(".proofloom/library.sqlite") as library:
        library.add_file(HERE, TracedFile(f"L.{name}", f"{name}.v", f"{len(statements):064}", (), (), premises))


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A tiny random BERT."""
    torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")
    transformers = pytest.importorskip("transformers", reason="pip install 'proofloom[model]'")
    from proofloom.models.tokenizer import train_tokenizer

    torch.manual_seed(0)
    tokenizer = train_tokenizer(STATEMENTS.values(), 300)
    config = transformers.BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=128,
    )
    folder = tmp_path_factory.mktemp("encoder")
    transformers.BertModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def test_search_by_words(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("search", "x * y = y * x", "--json", "--count", "1").names == ["mul_comm"]
    state = "x y : list B\n⊢ rev (x ++ y) = rev y ++ rev x\n\n⊢ False"
    found = run("search", state)
    assert found.code == 0
    assert found.out.splitlines()[:2] == [found.out.splitlines()[0], f"          {STATEMENTS['rev_app']}"]
    assert found.out.splitlines()[0].endswith("  L.Base.rev_app")
    monkeypatch.setattr("sys.stdin", io.StringIO(state))
    assert run("search", "-", "--json").names[0] == "rev_app"
    nothing = run("search", "Unheard")
    assert (nothing.code, nothing.out) == (1, "")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("search", " "), "TEXT is empty"),
        (("search", "x : nat y\n⊢ x\nrubbish"), "TEXT is not a proof state"),
        (("search", "x", "--by", "magic"), "unknown --by 'magic'; valid: bm25, dense, hybrid"),
        (("search", "x", "--by", "dense"), "library.sqlite.premises does not exist); make it with `proofloom index`"),
        (("search", "x", "--db", "none.sqlite"), "there is no library"),
        (("search", "x", "--count", "0"), "Invalid value for '--count'"),
        (("index", "--encoder", "none"), "none: has no config.json; wanted the folder of a model"),
        (("index", "--encoder", "none", "--db", "none.sqlite"), "there is no library"),
    ],
)
def test_bad_input_is_one_line(run: Any, arguments: tuple[str, ...], complaint: str) -> None:
    pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")
    answer = run(*arguments)
    assert (answer.code, answer.out) == (2, "")
    assert complaint in answer.error and answer.error.count("\n") == 1


def test_index_then_search_then_a_library_that_has_changed(run: Any, encoder: str) -> None:
    made = run("index", "--encoder", encoder, "--json")
    assert made.code == 0, made.error
    record = json.loads(made.out)
    assert (record["premises"], record["dimension"], record["engine"]) == (3, 16, "exact")
    assert made.error == "proofloom: 3 of 3 premises\n"
    for by in ("dense", "hybrid"):
        found = run("search", STATEMENTS["rev_app"], "--by", by, "--json", "--count", "7")
        assert found.code == 0 and set(found.names) == set(STATEMENTS)
    add("More", {"more": "Lemma more : True."})
    stale = run("search", "x", "--by", "dense")
    assert stale.code == 2 and "the library has changed since it was made; run `proofloom index` again" in stale.error
    old = Path(record["index"]).read_bytes()
    assert run("index", "--encoder", "none").code == 2
    assert Path(record["index"]).read_bytes() == old
    assert "4 premises as vectors of 16 numbers (exact)" in run("index", "--encoder", encoder).out
    assert run("search", "x", "--by", "dense").code == 0
    Path(record["index"]).write_bytes(old[:-1])
    assert "it is cut short" in run("search", "x", "--by", "dense").error


def test_the_encoder_of_the_package_needs_no_name_and_knows_what_is_alike(run: Any) -> None:
    pytest.importorskip("transformers", reason="transformers is not installed: pip install 'proofloom[model]'")
    made = run("index", "--json")
    assert made.code == 0, made.error
    assert json.loads(made.out)["dimension"] == 128
    assert run("search", STATEMENTS["rev_app"], "--by", "dense", "--json").names[0] == "rev_app"


def test_interrupted_indexing_leaves_the_old_index(run: Any, encoder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("index", "--encoder", encoder).code == 0
    place = Path(".proofloom/library.sqlite.premises")
    old = place.read_bytes()

    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("proofloom.models.sentence_encoder.SentenceEncoder.premises", interrupted)
    assert run("index", "--encoder", encoder).code == 130
    assert place.read_bytes() == old
    assert [file.name for file in place.parent.iterdir() if "premises" in file.name] == [place.name]


def test_premises_found_by_vectors_become_candidates(run: Any, encoder: str) -> None:
    assert run("index", "--encoder", encoder).code == 0
    settings = ProveSettings(policy="premises", retriever="hybrid")
    assert ProveSettings.from_toml(settings.toml, "config.toml") == settings
    with pytest.raises(BadInput, match="unknown retriever 'best'; valid: bm25, dense, hybrid"):
        ProveSettings(retriever="best")
    rocq = Installed(ROCQ, RocqToolchain.__new__(RocqToolchain))  # asked for the names of files, and there is none
    state = ProofState.parse("x y : nat\n⊢ x * y = y * x")
    at = Theorem("t", "Lemma t : True.", "Require Import L.Base.\n", path="t")
    with policy_kit(settings, rocq) as kit:
        kit.prepare("premises")
        (found,) = kit.mixture("premises").suggest([Query(state, at)], 50)
    tactics = {candidate.tactic for candidate in found}
    assert {"rewrite Base.mul_comm", "rewrite <- Base.add_comm", "apply Base.mul_comm"} <= tactics
