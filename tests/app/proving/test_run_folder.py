"""A run folder: what is kept, what counts as done, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from stand_ins import FILE, input_file

from proofloom.app.proving.run_folder import RunFolder
from proofloom.app.proving.settings import ProveSettings
from proofloom.app.toml_records import BadInput
from proofloom.proofs import Attempt, Budget, CheckResult, Finding, Outcome, Spend, Verdict
from proofloom.search.row_file import JournalError

VERDICT = Verdict("a", Finding.ACCEPTED, 4, "", {"compile": CheckResult.PASSED})
PROVED = Attempt("a", Outcome.PROVED, Spend(1.0), ("easy",), VERDICT, "", ("easy.",))


def open_folder(tmp_path: Path, settings: ProveSettings | None = None) -> RunFolder:
    return RunFolder("one", settings or ProveSettings(), lambda: 12.0, tmp_path / "runs")


def ended(theorem: str, outcome: Outcome) -> Attempt:
    return Attempt(theorem, outcome, Spend(), reason="because")


def known(tmp_path: Path, data: bytes = FILE) -> dict[str, str]:
    file = input_file(tmp_path / "F.v", data)
    with open_folder(tmp_path) as folder:
        return {result.theorem: result.outcome.value for _, result in folder.known([file])}


def test_what_ended_for_good_is_known_again(tmp_path: Path) -> None:
    file = input_file(tmp_path / "F.v")
    with open_folder(tmp_path) as folder:
        folder.keep(file, PROVED)
        folder.keep(file, ended("b", Outcome.EXHAUSTED))
        folder.keep(file, ended("c", Outcome.CRASHED))
    assert known(tmp_path) == {"a": "proved", "b": "exhausted"}


def test_the_last_row_counts(tmp_path: Path) -> None:
    file = input_file(tmp_path / "F.v")
    with open_folder(tmp_path) as folder:
        folder.keep(file, PROVED)
        folder.keep(file, ended("a", Outcome.REJECTED))
        folder.keep(file, ended("b", Outcome.EXHAUSTED))
        folder.keep(file, ended("b", Outcome.UNSUPPORTED))
    assert known(tmp_path) == {"a": "rejected"}


def test_another_file_or_statement_is_another_theorem(tmp_path: Path) -> None:
    file = input_file(tmp_path / "F.v")
    with open_folder(tmp_path) as folder:
        folder.keep(file, PROVED)
        folder.keep(file, ended("b", Outcome.EXHAUSTED))
        folder.keep(file, ended("c", Outcome.EXHAUSTED))
    assert known(tmp_path, FILE.replace(b"B.", b"B \\/ C.")) == {"c": "exhausted"}
    assert known(tmp_path, FILE + b"\n") == {"b": "exhausted", "c": "exhausted"}
    other = input_file(tmp_path / "G.v")
    with open_folder(tmp_path) as folder:
        assert list(folder.known([other])) == []


def test_a_file_whose_name_has_colons_is_kept_apart(tmp_path: Path) -> None:
    (tmp_path / "a::b").mkdir()
    file = input_file(tmp_path / "a::b" / "F.v")
    with open_folder(tmp_path) as folder:
        folder.keep(file, PROVED)
        assert [result.theorem for _, result in folder.known([file])] == ["a"]
        folder.write_report()


def test_other_settings_are_refused(tmp_path: Path) -> None:
    open_folder(tmp_path).close()
    open_folder(tmp_path).close()
    with pytest.raises(BadInput, match=r"started with budget\.seconds = 30\.0, now it is 5\.0"):
        open_folder(tmp_path, ProveSettings(budget=Budget(seconds=5.0)))
    (tmp_path / "runs" / "one" / "config.toml").write_text("no toml")
    with pytest.raises(BadInput, match=r"config\.toml: cannot be read"):
        open_folder(tmp_path)


@pytest.mark.parametrize("name", ["", "..", "a/b", "/tmp", "a b", ".hidden"])
def test_a_name_cannot_lead_elsewhere(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match="--run"):
        RunFolder(name, ProveSettings(), lambda: 0.0, tmp_path)


def test_a_folder_that_is_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(BadInput, match="cannot be made"):
        open_folder(tmp_path)
    (tmp_path / "other" / "one").mkdir(parents=True)
    (tmp_path / "other" / "one" / "journal.sqlite").write_text("not a database, but long enough to be looked at" * 20)
    with pytest.raises(JournalError, match=r"journal\.sqlite"):
        RunFolder("one", ProveSettings(), lambda: 0.0, tmp_path / "other")


def test_the_report_shows_each_theorem_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = input_file(tmp_path / "F.v")
    with open_folder(tmp_path) as folder:
        folder.keep(file, ended("a", Outcome.OUT_OF_BUDGET))
        folder.keep(file, PROVED)
        page = folder.write_report().read_text()
    assert "1 theorem ·" in page and "1 proved" in page and "out_of_budget" not in page
    assert "<br>F.v</td>" in page
