"""The verbs `split` and `corpus`, as a user types them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from command import proofloom

from proofloom.corpus.library import DEFAULT_PLACE, Library
from proofloom.corpus.records import Premise, Repository, TracedFile, TracedStep, TracedTheorem

HERE = Repository("https://example.org/lib", "c0ffee", "rocq", "8.16.1", date(2026, 11, 1))


def traced(name: str, count: int) -> TracedFile:
    """A file of the library `A` whose theorems rest on each other in pairs; every tenth repeats a statement."""
    theorems = []
    for i in range(count):
        statement = f"Lemma t{i} : forall x{i} : nat, p{i - i % 10 if i % 10 == 9 else i} x{i}."
        used = (f"L.A.{name}.t{i - 1}",) if i % 2 else ()
        steps = (TracedStep(f"⊢ {name} {i}", "intro", f"x : nat\n⊢ {name} p{i} x"),)
        steps += (TracedStep(f"x : nat\n⊢ {name} p{i} x", "auto", "no goals", used),)
        full_name = f"L.A.{name}.t{i}"
        theorems.append(TracedTheorem(full_name, statement, "Lemma", i * 100, i, "Qed.", False, 2, steps))
    premises = tuple(Premise(t.full_name, t.statement, t.kind, t.start) for t in theorems)
    return TracedFile(f"L.A.{name}", f"A/{name}.v", f"{count:064}", (), tuple(theorems), premises)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder with a library at the default place."""
    with Library.open(tmp_path / DEFAULT_PLACE) as library:
        library.add_file(HERE, traced("f", 60))
    return tmp_path


def test_a_split_is_made_shown_and_made_again(here: Path) -> None:
    done = proofloom("split", "--test", 20, "--val", 5, "--json", cwd=here)
    assert done.code == 0, done.error
    (made,) = done.objects
    assert (made["name"], made["version"], made["kind"]) == ("random", 1, "random")
    assert made["theorems"]["test"] == 20
    assert sum(made["theorems"].values()) == 60
    assert made["excluded"] == {"same statement": made["theorems"]["excluded"]}
    assert proofloom("split", "--test", 20, "--val", 5, "--json", cwd=here).objects == [made]
    assert proofloom("corpus", "show", "--split", "random", "--json", cwd=here).objects == [made]
    told = proofloom("corpus", "show", "--split", "random@1", cwd=here).out
    assert f"split random@1, random, digest {made['digest']}" in told
    assert "same statement (such as L.A.f.t" in told
    other = proofloom("split", "--test", 20, "--val", 5, "--seed", 8, "--name", "random", "--json", cwd=here)
    assert other.objects[0]["version"] == 2


def test_the_split_for_figures_excludes_what_depends_on_the_sample(here: Path) -> None:
    sample = here / "sample.jsonl"
    sample.write_text(
        "".join(json.dumps({"file": "L.A.f", "name": f"t{i}", "char_offset": i * 100}) + "\n" for i in (0, 4))
    )
    done = proofloom("split", "--kind", "figures", "--sample", sample, "--val", 3, "--json", cwd=here)
    (made,) = done.objects
    assert made["theorems"]["test"] == 2
    assert made["theorems"]["val"] == 3
    assert made["excluded"]["depends on a test theorem"] == 2
    assert made["settings"]["sample"]["size"] == 2
    with Library.open(here / DEFAULT_PLACE) as library:
        assert {t.full_name for t in library.theorems(split="figures", part="test")} == {"L.A.f.t0", "L.A.f.t4"}
        training = {t.full_name for t in library.theorems(split="figures", part="train")}
        assert not training & {"L.A.f.t1", "L.A.f.t5"}


def test_a_part_without_theorems_is_told(here: Path) -> None:
    done = proofloom("split", "--val", 3, "--test", 0, cwd=here)
    assert done.out.splitlines()[0] == "nothing is in the part test: ask for more with --test"
    assert "nothing is in" not in proofloom("split", "--val", 3, "--test", 3, cwd=here).out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--kind", "odd"], "unknown --kind 'odd'; valid: random, file, library, novel_premises, figures"),
        (
            ["--kind", "figures", "--sample", "no.jsonl"],
            "no.jsonl: the sample cannot be read (No such file or directory)",
        ),
        (["--kind", "figures", "--sample", "bad.jsonl"], "bad.jsonl, line 2: wanted an object with file, name"),
        (["--kind", "figures", "--sample", "other.jsonl"], "1 of 1 lemmas are not in the library, first L.B t"),
        (["--kind", "figures", "--sample", "empty.jsonl"], "empty.jsonl: the sample is empty"),
        (["--kind", "figures", "--sample", "other.jsonl", "--test", "3"], "test=3: the test part of 'figures'"),
        (["--sample", "other.jsonl"], "--sample other.jsonl: only the kind figures has a sample, not random"),
        (["--test", "100"], "there are only 60 theorems with a proof"),
        (["--test", "-1"], "test=-1: wanted 0 or more"),
        (["--name", "a@b"], "split name 'a@b': wanted a name without @"),
        (["--db", "none.sqlite"], "none.sqlite: there is no library; make one with `proofloom trace`"),
    ],
)
def test_bad_input_is_one_line(here: Path, arguments: list[str], complaint: str) -> None:
    good = json.dumps({"file": "L.B", "name": "t", "char_offset": 0})
    (here / "bad.jsonl").write_text(good + "\n{}\n")
    (here / "other.jsonl").write_text(good + "\n")
    (here / "empty.jsonl").write_text("")
    assert complaint in proofloom("split", *arguments, cwd=here).complaint
    assert not (here / "none.sqlite").exists()


def test_a_library_goes_out_and_comes_in(here: Path) -> None:
    assert proofloom("split", "--test", 5, "--val", 5, cwd=here).code == 0
    before = proofloom("corpus", "show", "--json", cwd=here).objects[0]
    assert before["repositories"][0]["repository"] == "https://example.org/lib@c0ffee"
    assert before["repositories"][0]["counts"]["steps"] == 120
    out = proofloom("corpus", "export", "out", cwd=here)
    assert out.out == "1 file, 60 theorems: out\n"
    assert proofloom("corpus", "import", "out", "--db", "new.sqlite", cwd=here).code == 0
    after = proofloom("corpus", "show", "--json", "--db", "new.sqlite", cwd=here).objects[0]
    assert after["repositories"] == before["repositories"]
    told = proofloom("corpus", "export", "ld", "--format", "leandojo", "--splits", "random", cwd=here)
    assert told.out == "1 file: ld\n"
    assert sorted(path.name for path in (here / "ld" / "random").iterdir()) == ["test.json", "train.json", "val.json"]
    told = proofloom("corpus", "import", "ld", "--db", "third.sqlite", "--name", "mine", cwd=here)
    assert "splits mine-random: third.sqlite" in told.out
    shown = proofloom("corpus", "show", "--db", "third.sqlite", cwd=here).out
    assert "split mine-random@1  imported: " in shown


def test_deletion_is_by_name(here: Path) -> None:
    assert (
        "there is no repository 'x@y'; there are: https://example.org/lib@c0ffee"
        in proofloom("corpus", "delete", "x@y", cwd=here).complaint
    )
    assert proofloom("corpus", "delete", "https://example.org/lib@c0ffee", cwd=here).code == 0
    assert proofloom("corpus", "show", cwd=here).out == ".proofloom/library.sqlite: empty\n"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["export", "out", "--format", "xml"], "unknown --format 'xml'; valid: parquet, leandojo"),
        (["export", "out", "--splits", "a"], "the format parquet has no splits"),
        (["export", "out", "--format", "leandojo"], "the layout needs a split"),
        (["export", "out", "--format", "leandojo", "--splits", "a"], "no split 'a'; make one with `proofloom split`"),
        (["export", "."], ".: is there already; name a new folder"),
        (["import", "none"], "none: is not a folder"),
        (["import", "."], "wanted corpus.jsonl and a folder with train.json"),
        (["show", "--split", "a"], "there is no split 'a'"),
        (["show", "--db", "mysql://x/y"], "mysql://x/y: "),
        ([], "Missing command"),
    ],
)
def test_bad_input_to_corpus_is_one_line(here: Path, arguments: list[str], complaint: str) -> None:
    assert complaint in proofloom("corpus", *arguments, cwd=here).complaint
    assert not (here / "out").exists()
