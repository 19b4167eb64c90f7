"""LeanDojo's layout: the miniature is read in full and written back equal, and every fault is named beforehand."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import leandojo_miniature as miniature
import pytest
from leandojo_miniature import BASIC, COMMIT, CORPUS, METADATA, ORDER, PACKAGE, SPLITS, THEOREMS, URL
from small_library import DAY, OLD, file, step, theorem

from proofloom.corpus.exchange.leandojo import DataSetError, import_leandojo
from proofloom.corpus.exchange.leandojo_export import export_leandojo
from proofloom.corpus.exchange.leandojo_records import module_name
from proofloom.corpus.exchange.restoring import traced_files
from proofloom.corpus.library import Library
from proofloom.corpus.splits.leaks import Part
from proofloom.corpus.splits.splits import SplitKind, SplitSettings, divide
from proofloom.corpus.storage.database import LibraryError

Change = Callable[[Path], object]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return miniature.write(tmp_path / "benchmark")


def test_the_miniature_is_read_in_full(library: Library, folder: Path) -> None:
    done = import_leandojo(library, folder, DAY)
    assert (done.files, done.theorems, done.splits) == (3, 5, ("leandojo-novel_premises", "leandojo-random"))
    (entry,) = library.repositories()
    assert entry.repository.url == URL
    assert entry.repository.commit == COMMIT
    assert entry.repository.assistant == "lean"
    assert entry.repository.traced_on.isoformat() == "2024-10-29"
    assert [f.logical_name for f in library.files()] == ["Std.Data.Nat", "Mathlib.Logic.Basic", "Mathlib.Order.Basic"]
    theorems = {t.full_name: t for t in library.theorems()}
    assert theorems["and_swap"].statement == "theorem and_swap : a ∧ b → b ∧ a"
    assert theorems["Order.le_other"].statement == "theorem x : c ≤ c"
    assert [name for name, t in theorems.items() if t.admitted] == ["late"]
    assert theorems["Nat.zero_add"].difficulty is None
    steps = list(library.steps(theorem=theorems["and_swap"].id))
    assert [s.premises for s in steps] == [(), ("And.comm", "Iff.mp")]
    assert steps[1].state_before == "a b : Prop\nh : a ∧ b\n⊢ b ∧ a"
    names = {p.id: p.full_name for p in library.premises()}
    assert [names[int(i)] for i in library.accessible(theorems["le_rfl'"].id)] == ["Nat.zero_add", "and_swap", "late"]
    assert [names[int(i)] for i in library.accessible(theorems["late"].id)] == ["Nat.zero_add", "and_swap"]


def test_the_splits_of_a_data_set_are_kept_as_they_are(library: Library, folder: Path) -> None:
    import_leandojo(library, folder, DAY, name="b4")
    names = {t.id: t.full_name for t in library.theorems()}
    for split, parts in SPLITS.items():
        division = library.division(f"b4-{split}")
        seen = {part.value: sorted(names[i] for i, p in division.parts.items() if p is part) for part in Part}
        wanted = {part: sorted(THEOREMS[i]["full_name"] for i in numbers) for part, numbers in parts.items()}
        assert seen == {**wanted, "excluded": []}
    assert {entry.kind for entry in library.splits()} == {"imported"}


def test_importing_twice_changes_nothing(library: Library, folder: Path) -> None:
    import_leandojo(library, folder, DAY)
    before = library.counts(), [s.digest for s in library.splits()]
    import_leandojo(library, folder, DAY)
    assert (library.counts(), [s.digest for s in library.splits()]) == before


def test_an_export_equals_what_was_imported(library: Library, folder: Path, tmp_path: Path) -> None:
    import_leandojo(library, folder, DAY)
    repository = library.repositories()[0].repository
    out = tmp_path / "out"
    splits = {name: f"leandojo-{name}" for name in SPLITS}
    assert export_leandojo(library, repository, splits, out, DAY) == 3
    named = [[p for p in line["premises"] if p["full_name"] is not None] for line in CORPUS]
    written = [json.loads(line) for line in (out / "corpus.jsonl").read_text("utf-8").splitlines()]
    assert written == [{**line, "premises": premises} for line, premises in zip(CORPUS, named, strict=True)]
    for split, parts in SPLITS.items():
        for part, numbers in parts.items():
            records = json.loads((out / split / f"{part}.json").read_text("utf-8"))
            by_name = {record.pop("full_name"): record for record in records}
            for number in numbers:
                wanted = dict(THEOREMS[number])
                seen = by_name.pop(wanted.pop("full_name"))
                wanted.setdefault("theorem_statement", seen["theorem_statement"])
                assert seen == wanted
            assert by_name == {}
    metadata = json.loads((out / "metadata.json").read_text("utf-8"))
    assert metadata["from_repo"] == METADATA["from_repo"]
    with Library.open(tmp_path / "again.sqlite") as again:
        import_leandojo(again, out, DAY)
        assert list(traced_files(again, repository)) == list(traced_files(library, repository))
        assert [s.digest for s in again.splits()] == [s.digest for s in library.splits()]


def test_a_traced_repository_survives_the_layout(library: Library, tmp_path: Path) -> None:
    files = _traced()
    for each in files:
        library.add_file(OLD, each)
    members = library.members()
    settings = SplitSettings(SplitKind.RANDOM, val=1, test=1)
    library.add_split("random", divide(members, settings), settings, DAY)
    export_leandojo(library, OLD, {"random": "random"}, tmp_path / "out", DAY)
    corpus = [json.loads(line) for line in (tmp_path / "out" / "corpus.jsonl").read_text("utf-8").splitlines()]
    assert [line["path"] for line in corpus] == ["A/Base.v", "B/Use.v"]
    assert corpus[1]["imports"] == ["A/Base.v"]
    with Library.open(tmp_path / "again.sqlite") as again:
        import_leandojo(again, tmp_path / "out", DAY)
        assert again.repositories()[0].repository == OLD
        assert sorted(traced_files(again, OLD), key=lambda f: f.path) == sorted(files, key=lambda f: f.path)


def test_premises_are_marked_in_the_tactic(library: Library, tmp_path: Path) -> None:
    for each in _traced():
        library.add_file(OLD, each)
    settings = SplitSettings(SplitKind.RANDOM, val=0, test=0)
    library.add_split("all", divide(library.members(), settings), settings, DAY)
    export_leandojo(library, OLD, {"random": "all"}, tmp_path / "out", DAY)
    records = json.loads((tmp_path / "out" / "random" / "train.json").read_text("utf-8"))
    tactics = [t for r in records for t in r["traced_tactics"] if t["tactic"].startswith("rewrite")]
    text, marks = tactics[0]["annotated_tactic"]
    assert text == "rewrite <a>base</a>, <- <a>A.Base.base</a>, base2, (x.base)."
    assert marks[0]["full_name"] == "L.A.Base.base"
    assert marks[0]["def_path"] == "A/Base.v"
    assert marks[0]["def_pos"] == [1, 71]


def _traced() -> list[Any]:
    """A file that imports another, added first; far into the file, with a cut step on two goals."""
    cut = replace(step("⊢ W\n\n⊢ Q", "all: auto", "⊢ R"), cut=True, goals=2)
    rewrite = step("⊢ P", "rewrite base, <- A.Base.base, base2, (x.base).", "no goals", ["L.A.Base.base", "gone"])
    use = file(
        "L.B.Use",
        [
            replace(theorem("L.B.Use.a", steps=[cut], start=100_000), kind="Instance", ending="Defined."),
            theorem("L.B.Use.b", steps=[rewrite], start=200_000),
            theorem("L.B.Use.c", steps=[step("⊢ Z")], start=200_001),
        ],
        imports=["L.A.Base", "Elsewhere"],
    )
    base = file("L.A.Base", [theorem("L.A.Base.base", steps=[step("⊢ X")], start=70)])
    return [use, base]


def _edit(split: str, part: str, number: int, edit: Callable[[Any], object]) -> Change:
    def change(folder: Path) -> None:
        path = folder / split / f"{part}.json"
        records = json.loads(path.read_text("utf-8"))
        edit(records[number])
        path.write_text(json.dumps(records), "utf-8")

    return change


def _edit_line(number: int, edit: Callable[[Any], object]) -> Change:
    def change(folder: Path) -> None:
        path = folder / "corpus.jsonl"
        lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        edit(lines[number])
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")

    return change


def _one_of_two_elsewhere(folder: Path) -> None:
    for split, part, number in (("random", "val", 0), ("novel_premises", "train", 1)):
        _edit(split, part, number, lambda record: record.update(commit="other"))(folder)


def _twice(folder: Path) -> None:
    _edit("random", "train", 2, lambda record: record.update(THEOREMS[4]))(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_edit("random", "train", 1, lambda r: r.pop("start")), "train.json: record 2: field 'start' is missing"),
        (
            _edit("random", "train", 1, lambda r: r["traced_tactics"][1].pop("state_after")),
            "random/train.json: record 2: tactic 1: field 'state_after' is missing",
        ),
        (
            _edit("novel_premises", "test", 0, lambda r: r.update(end=[1])),
            r"novel_premises/test.json: record 1: field 'end': wanted \[line, column\], not \[1\]",
        ),
        (
            _edit("random", "val", 0, lambda r: r.update(full_name=None)),
            "random/val.json: record 1: field 'full_name': wanted str, not None",
        ),
        (
            _edit("random", "test", 0, lambda r: r["traced_tactics"][0]["annotated_tactic"].pop()),
            r"random/test.json: record 1: tactic 0: field 'annotated_tactic': wanted \[text, premises\]",
        ),
        (
            _edit("random", "test", 0, lambda r: r["traced_tactics"][0]["annotated_tactic"][1][0].pop("full_name")),
            "random/test.json: record 1: tactic 0: annotation 0: field 'full_name' is missing",
        ),
        (
            _edit("random", "test", 0, lambda r: r.update(file_path="Gone.lean")),
            "random/test.json: record 1: field 'file_path': Gone.lean is not in corpus.jsonl",
        ),
        (
            _edit("random", "test", 0, lambda r: r.update(commit="other")),
            "random/test.json: record 1: field 'url' or 'commit' is another than in novel_premises/test.json: record 1",
        ),
        (_one_of_two_elsewhere, "the theorems of Mathlib/Logic/Basic.lean are of 2 repositories"),
        (_twice, "random/train.json: record 3: .* is in this split already"),
        (
            _edit("random", "val", 0, lambda r: r.update(proofloom={"kind": 3})),
            "random/val.json: record 1: proofloom: field 'start' is missing|'kind': wanted str, not 3",
        ),
        (_edit_line(1, lambda r: r.pop("imports")), "corpus.jsonl: line 2: field 'imports' is missing"),
        (_edit_line(1, lambda r: r["imports"].append(3)), "corpus.jsonl: line 2: import 1: wanted a path, not 3"),
        (
            _edit_line(2, lambda r: r["premises"][0].pop("code")),
            "corpus.jsonl: line 3: premise 0: field 'code' is missing",
        ),
        (_edit_line(2, lambda r: r.update(path=BASIC)), "corpus.jsonl: line 3: .* are one module"),
        (lambda f: (f / "random" / "val.json").unlink(), "val.json: cannot be read"),
        (lambda f: (f / "corpus.jsonl").unlink(), "wanted corpus.jsonl and a folder with train.json"),
        (lambda f: (f / "corpus.jsonl").open("a").write("{]\n"), "corpus.jsonl: line 4: "),
        (lambda f: (f / "random" / "val.json").write_text("{}"), r"random/val.json: wanted an array"),
        (lambda f: (f / "random" / "val.json").write_text('[{"a": 1}'), "random/val.json: record 1: field 'url'"),
        (lambda f: (f / "random" / "val.json").write_text('[{"a": tru'), "random/val.json: record 1: Expecting value"),
        (lambda f: (f / "random" / "val.json").write_bytes(b'[{"a": "\xff"}]'), "cannot be read after record 0"),
        (lambda f: (f / "metadata.json").write_text("[1]"), "metadata.json: wanted an object"),
        (lambda f: (f / "metadata.json").write_text('{"from_repo": {"url": "x"}}'), "from_repo: field 'commit'"),
        (lambda f: (f / "metadata.json").write_text('{"creation_time": "soon"}'), "metadata.json: Invalid isoformat"),
    ],
)  # fmt: skip
def test_a_fault_is_named_and_nothing_is_added(tmp_path: Path, folder: Path, change: Change, message: str) -> None:
    change(folder)
    with Library.open(tmp_path / "library.sqlite") as library:
        with pytest.raises(DataSetError, match=message) as caught:
            import_leandojo(library, folder, DAY)
        assert "\n" not in str(caught.value)
        assert set(library.counts().values()) == {0}
        assert library.splits() == []


def test_files_without_theorems_need_to_know_where_they_are_from(tmp_path: Path, folder: Path) -> None:
    (folder / "metadata.json").unlink()
    with Library.open(tmp_path / "library.sqlite") as library:
        assert import_leandojo(library, folder, DAY).files == 3
        assert library.repositories()[0].repository.traced_on == DAY
    corpus = (folder / "corpus.jsonl").read_text("utf-8")
    extra = json.dumps({"path": "Mathlib/Empty.lean", "imports": [], "premises": []})
    (folder / "corpus.jsonl").write_text(corpus + extra + "\n", "utf-8")
    with (
        Library.open(tmp_path / "other.sqlite") as library,
        pytest.raises(DataSetError, match="'from_repo' is missing"),
    ):
        import_leandojo(library, folder, DAY)


def test_an_export_does_not_write_over_anything(library: Library, folder: Path, tmp_path: Path) -> None:
    import_leandojo(library, folder, DAY)
    repository = library.repositories()[0].repository
    with pytest.raises(LibraryError, match="is there already"):
        export_leandojo(library, repository, {"random": "leandojo-random"}, folder, DAY)
    with pytest.raises(LibraryError, match="there is no split 'none'"):
        export_leandojo(library, repository, {"random": "none"}, tmp_path / "out", DAY)
    with pytest.raises(LibraryError, match="the layout needs a split"):
        export_leandojo(library, repository, {}, tmp_path / "out", DAY)
    assert sorted(path.name for path in tmp_path.iterdir() if "library" not in path.name) == ["benchmark"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("Mathlib/Order/Basic.lean", "Mathlib.Order.Basic"),
        (PACKAGE, "Std.Data.Nat"),
        (".lake/packages/lean4/src/lean/Init/Prelude.lean", "Init.Prelude"),
        ("_target/deps/mathlib/src/algebra/group.lean", "algebra.group"),
        ("src/number_theory/x.lean", "number_theory.x"),
        (ORDER, "Mathlib.Order.Basic"),
    ],
)
def test_module_names(path: str, name: str) -> None:
    assert module_name(path) == name


def test_premise_positions_order_as_lines_and_columns(library: Library, folder: Path) -> None:
    import_leandojo(library, folder, DAY)
    starts = [p.start for p in library.premises() if p.full_name in ("and_swap", "late")]
    assert starts == sorted(starts)
