"""Parquet exports: nothing is lost, row groups are streamed, and damage is one line with what came before it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import leandojo_miniature as miniature
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_library import DAY, FILES, NEW, OLD, file, step, theorem

from proofloom.corpus.exchange.leandojo import import_leandojo
from proofloom.corpus.exchange.parquet import Exchanged, export_parquet, import_parquet
from proofloom.corpus.exchange.restoring import traced_files
from proofloom.corpus.library import Library
from proofloom.corpus.records import TracedFile
from proofloom.corpus.storage.database import LibraryError


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(files=st.lists(FILES, max_size=3, unique_by=lambda file: file.logical_name), number=st.integers(0))
def test_nothing_is_lost(tmp_path: Path, files: list[TracedFile], number: int) -> None:
    folder = tmp_path / str(number)
    folder.mkdir(exist_ok=True)
    for left in folder.iterdir():
        (folder / left).rename(tmp_path / f"old-{len(list(tmp_path.iterdir()))}")
    with Library.open(folder / "a.sqlite") as library, Library.open(folder / "b.sqlite") as again:
        for each in files:
            library.add_file(OLD, each)
        done = export_parquet(library, folder / "export")
        assert (
            import_parquet(again, folder / "export")
            == done
            == Exchanged(len(files), sum(len(f.theorems) for f in files))
        )
        assert list(traced_files(again, OLD)) == files


def test_both_databases_exchange_everything(library: Library, tmp_path: Path) -> None:
    import_leandojo(library, miniature.write(tmp_path / "benchmark"), DAY)
    library.add_file(OLD, file("Coq.A.a", [theorem("Coq.A.a.t", steps=[step("⊢ P")])]))
    library.add_file(NEW, file("Coq.A.a", [theorem("Coq.A.a.t", steps=[step("⊢ P")], start=9)]))
    export_parquet(library, tmp_path / "all")
    export_parquet(library, tmp_path / "new", [NEW])
    with Library.open(tmp_path / "again.sqlite") as again:
        assert import_parquet(again, tmp_path / "all") == Exchanged(5, 7)
        assert import_parquet(again, tmp_path / "all") == Exchanged(5, 7)
        assert again.counts() == library.counts()
        repositories = [entry.repository for entry in library.repositories()]
        assert [entry.repository for entry in again.repositories()] == repositories
        for repository in repositories:
            assert list(traced_files(again, repository)) == list(traced_files(library, repository))
    with Library.open(tmp_path / "part.sqlite") as part:
        assert import_parquet(part, tmp_path / "new") == Exchanged(1, 1)


def test_the_columns_are_leandojos(tmp_path: Path) -> None:
    with Library.open(tmp_path / "a.sqlite") as library:
        import_leandojo(library, miniature.write(tmp_path / "benchmark"), DAY)
        export_parquet(library, tmp_path / "export")
    rows = pq.read_table(tmp_path / "export" / "theorems.parquet").to_pylist()
    row = next(row for row in rows if row["full_name"] == "and_swap")
    record = miniature.THEOREMS[1]
    for name in ("url", "commit", "file_path", "full_name", "start", "end"):
        assert row[name] == record[name]
    assert [t["state_before"] for t in row["traced_tactics"]] == [t["state_before"] for t in record["traced_tactics"]]
    corpus = pq.read_table(tmp_path / "export" / "corpus.parquet").to_pylist()
    assert [row["path"] for row in corpus] == [line["path"] for line in miniature.CORPUS]
    assert corpus[1]["imports"] == miniature.CORPUS[1]["imports"]


def many(count: int) -> list[TracedFile]:
    """Files of four hundred theorems each."""
    return [
        file(f"L.f{i}", [theorem(f"L.f{i}.t{j}", f"{i} = {j}", [step(f"⊢ {i} = {j}")], start=j) for j in range(400)])
        for i in range(count)
    ]


def test_row_groups_hold_about_a_thousand_theorems(tmp_path: Path) -> None:
    with Library.open(tmp_path / "a.sqlite") as library:
        for each in many(7):
            library.add_file(OLD, each)
        export_parquet(library, tmp_path / "export")
    metadata = pq.ParquetFile(tmp_path / "export" / "theorems.parquet").metadata
    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == [1200, 1200, 400]


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    with Library.open(folder / "a.sqlite") as library:
        for each in many(4):
            library.add_file(OLD, each)
        export_parquet(library, folder / "export")
    return folder / "export"


@pytest.mark.parametrize("name", ["corpus", "theorems"])
@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "text", "gone", "columns"])
def test_damage_is_one_line_and_whole_files_before_it_stay(
    tmp_path: Path, export: Path, name: str, damage: str
) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    for path in export.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    path = folder / f"{name}.parquet"
    data = path.read_bytes()
    if damage == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif damage == "flipped":
        place = 200 if name == "corpus" else len(data) - 3000
        metadata = pq.ParquetFile(path).metadata
        column = metadata.row_group(metadata.num_row_groups - 1).column(3)
        place = column.data_page_offset + column.total_compressed_size // 2
        path.write_bytes(data[:place] + bytes([data[place] ^ 0x40]) + data[place + 1 :])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "text":
        path.write_bytes(b"hello" * 1000)
    elif damage == "gone":
        path.unlink()
    else:
        pq.write_table(pq.read_table(path).drop_columns(["extra"]), path)
    with Library.open(tmp_path / "library.sqlite") as library:
        with pytest.raises(LibraryError, match=r"damaged after row|column 'extra' is missing|ends too early") as caught:
            import_parquet(library, folder)
        assert "\n" not in str(caught.value)
        for entry in library.files():
            assert len(library.theorems(file=entry.id)) == 400
        assert library.counts()["steps"] == 400 * len(library.files())


def test_two_exports_cannot_be_mixed(tmp_path: Path, export: Path) -> None:
    with Library.open(tmp_path / "a.sqlite") as library:
        library.add_file(OLD, replace(many(1)[0], path="other.v"))
        export_parquet(library, tmp_path / "export")
    (tmp_path / "export" / "theorems.parquet").write_bytes((export / "theorems.parquet").read_bytes())
    with Library.open(tmp_path / "b.sqlite") as library, pytest.raises(LibraryError, match="is of another export"):
        import_parquet(library, tmp_path / "export")


def test_an_export_does_not_write_over_anything(tmp_path: Path, export: Path) -> None:
    with Library.open(tmp_path / "a.sqlite") as library:
        with pytest.raises(LibraryError, match="is there already"):
            export_parquet(library, export)
        (tmp_path / "file").write_text("x")
        with pytest.raises(LibraryError, match="cannot be written"):
            export_parquet(library, tmp_path / "file" / "out")
