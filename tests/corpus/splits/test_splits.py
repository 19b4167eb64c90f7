"""How splits are dealt out, stored, found again, and refused when they are no longer whole."""

from __future__ import annotations

from dataclasses import replace

import pytest
from small_library import DAY, NEW, OLD, file, proved, step, theorem
from test_leaks import member

from proofloom.corpus.library import Library
from proofloom.corpus.splits.leaks import Part
from proofloom.corpus.splits.splits import SampleLemma, SplitError, SplitKind, SplitSettings, divide
from proofloom.corpus.storage.database import LibraryError

MEMBERS = [member(number) for number in range(1, 201)]


def sizes(kind: SplitKind, val: int | None, test: int | None) -> list[int]:
    theorems = divide(MEMBERS, SplitSettings(kind, val, test)).report["theorems"]
    return [theorems[part] for part in ("train", "val", "test", "excluded")]


def test_single_theorems_fill_their_parts_exactly() -> None:
    assert sizes(SplitKind.RANDOM, 20, 30) == [150, 20, 30, 0]
    assert sizes(SplitKind.RANDOM, None, None) == [192, 4, 4, 0]
    assert sizes(SplitKind.NOVEL_PREMISES, 20, 30) == [150, 20, 30, 0]


def test_files_and_libraries_fit_within_the_sizes() -> None:
    assert sizes(SplitKind.FILE, 20, 30)[1:] == [20, 28, 0] or sum(sizes(SplitKind.FILE, 20, 30)) == 200
    assert sizes(SplitKind.LIBRARY, 40, 40) == [120, 40, 40, 0]
    with pytest.raises(SplitError, match=r"test=30: nothing that fits is left; the smallest part of this kind has 40"):
        sizes(SplitKind.LIBRARY, 0, 30)
    with pytest.raises(SplitError, match=r"val=120 and test=80: there are only 200 theorems with a proof"):
        sizes(SplitKind.RANDOM, 120, 80)


def test_the_seed_decides() -> None:
    digests = {divide(MEMBERS, SplitSettings(seed=seed)).digest for seed in (1, 2, 3)}
    assert len(digests) == 3
    assert divide(MEMBERS, SplitSettings(seed=1)).digest in digests


def test_libraries_that_belong_together_are_one_unit() -> None:
    members = [replace(m, library=["FSets", "MSets", "Numbers", "Lists"][m.id % 4]) for m in MEMBERS]
    for kind, test in ((SplitKind.RANDOM, 20), (SplitKind.FILE, 20), (SplitKind.LIBRARY, 60)):
        parts = divide(members, SplitSettings(kind, 0, test)).parts
        for group in ({"FSets", "MSets"}, {"Numbers"}):
            assert len({parts[m.id] for m in members if m.library in group}) == 1
    with pytest.raises(SplitError, match="only 50 theorems have premises of their own"):
        divide(members, SplitSettings(SplitKind.NOVEL_PREMISES, 30, 30))


def test_the_sample_is_found_by_file_name_and_nearest_place() -> None:
    members = [*MEMBERS, member(500, full_name="L.A.M.t", file="L.A", start=100)]
    members += [member(501, full_name="L.A.N.t", file="L.A", start=900), member(502, full_name="L.A.o", file="L.A")]
    settings = SplitSettings(SplitKind.FIGURES, val=0, sample=(SampleLemma("L.A", "t", 850),))
    parts = divide(members, settings).parts
    assert [number for number, part in parts.items() if part is Part.TEST] == [501]
    twice = replace(settings, sample=(SampleLemma("L.A", "t", 850), SampleLemma("L.A", "t", 900)))
    with pytest.raises(SplitError, match=r"L.A t at 900 and another lemma are one theorem"):
        divide(members, twice)
    gone = replace(settings, sample=(SampleLemma("L.A", "t", 850), SampleLemma("L.B", "t", 1)))
    with pytest.raises(SplitError, match=r"1 of 2 lemmas are not in the library, first L.B t"):
        divide(members, gone)
    with pytest.raises(SplitError, match=r"val=9: only \d theorems of the sample's libraries"):
        divide(members[-3:], replace(settings, val=9))


def test_validation_for_figures_is_of_the_sampled_libraries_and_rests_on_no_test_lemma() -> None:
    sample = tuple(SampleLemma(m.file, m.full_name.rpartition(".")[2], m.start) for m in MEMBERS[:3])
    members = [replace(m, premises=frozenset({MEMBERS[0].full_name})) if m.id % 2 else m for m in MEMBERS]
    parts = divide(members, SplitSettings(SplitKind.FIGURES, val=20, sample=sample)).parts
    held = [m for m in members if parts[m.id] is Part.VAL]
    assert len(held) == 20
    assert {m.library for m in held} <= {m.library for m in MEMBERS[:3]}
    assert all(m.id % 2 == 0 for m in held)
    assert {parts[m.id] for m in members[3:] if m.id % 2} == {Part.EXCLUDED}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"val": -1}, "val=-1: wanted 0 or more"),
        ({"kind": SplitKind.FIGURES}, "a sample belongs to the kind 'figures'"),
        ({"sample": (SampleLemma("a", "b", 1),)}, "a sample belongs to the kind 'figures'"),
        ({"kind": SplitKind.FIGURES, "sample": (SampleLemma("a", "b", 1),), "test": 5}, "test=5: the test part of"),
    ],
)
def test_settings_that_contradict_themselves(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(SplitError, match=message):
        SplitSettings(**arguments)  # type: ignore[arg-type]


def test_an_imported_split_cannot_be_made() -> None:
    with pytest.raises(SplitError, match="comes with a data set"):
        divide(MEMBERS, SplitSettings(SplitKind.IMPORTED))


def library_file(count: int = 60, **changes: str) -> object:
    theorems = [
        theorem(
            f"L.A.f.t{i}",
            f"A{i} = {i}",
            [step(f"⊢ A{i} = {i}"), step(f"⊢ B{i}", premises=[f"L.A.f.t{i - 1}"])],
            start=i,
        )
        for i in range(count)
    ]
    return file("L.A.f", theorems, **changes)  # type: ignore[arg-type]


def test_a_split_is_stored_once_and_versioned(library: Library) -> None:
    library.add_file(OLD, library_file())  # type: ignore[arg-type]
    settings = SplitSettings(SplitKind.RANDOM, 5, 10)
    division = divide(library.members(), settings)
    first = library.add_split("main", division, settings, DAY)
    assert (first.name, first.version, first.kind, first.digest) == ("main", 1, "random", division.digest)
    assert library.add_split("main", division, settings, DAY) == first
    other = replace(settings, seed=4)
    second = library.add_split("main", divide(library.members(), other), other, DAY)
    assert second.version == 2
    assert library.split("main") == second
    assert library.split("main@1") == first == library.splits()[0]
    assert library.split("main@1").settings == settings.as_json()
    stored = library.division("main@1")
    assert (stored.parts, stored.left_out, stored.reasons) == (division.parts, division.left_out, division.reasons)
    for name in ("other", "main@3", "main@x"):
        with pytest.raises(LibraryError, match=f"there is no split '{name}'; there are: main@1, main@2"):
            library.split(name)
    with pytest.raises(LibraryError, match="wanted a name without @"):
        library.add_split("a@b", division, settings, DAY)


def test_steps_and_theorems_of_a_part(library: Library) -> None:
    library.add_file(OLD, library_file())  # type: ignore[arg-type]
    settings = SplitSettings(SplitKind.RANDOM, 5, 10)
    division = divide(library.members(), settings)
    library.add_split("main", division, settings, DAY)
    number = next(number for number, part in division.parts.items() if part is Part.TRAIN)
    library.record_proof(number, proved("x"), by="knn", on=DAY, steps=[step("⊢ new")])
    for part, count in (("train", 45), ("val", 5), ("test", 10)):
        theorems = library.theorems(split="main", part=part)
        assert [t.id for t in theorems] == [n for n, p in sorted(division.parts.items()) if p == part]
        assert len(theorems) == count
        steps = list(library.steps(split="main", part=part))
        assert len(steps) == 2 * count
        assert {s.by for s in steps} == {"source"}
    assert len(library.theorems(split="main")) == 60
    assert len(list(library.steps(split="main"))) == 120
    assert [s.state_before for s in library.steps(split="main", part="train", by="knn")] == ["⊢ new"]


def test_repeated_states_are_left_out_of_training_steps(library: Library) -> None:
    shared = "x : nat\n⊢ x = x"
    renamed = "y : nat\n⊢ y = y\n\n⊢ another goal"
    theorems = [theorem(f"L.A.f.t{i}", steps=[step(f"⊢ P{i}"), step(shared if i % 2 else renamed)]) for i in range(20)]
    library.add_file(OLD, file("L.A.f", theorems))
    settings = SplitSettings(SplitKind.RANDOM, 0, 5)
    division = divide(library.members(), settings)
    library.add_split("main", division, settings, DAY)
    assert len(division.left_out) == 15
    assert all(s.state_before.startswith("⊢ P") for s in library.steps(split="main", part="train"))
    assert len(list(library.steps(split="main", part="test"))) == 10


def test_two_commits_do_not_leak_into_each_other(library: Library) -> None:
    library.add_file(OLD, library_file())  # type: ignore[arg-type]
    library.add_file(NEW, library_file(salt="2"))  # type: ignore[arg-type]
    assert len(library.members()) == 60
    both = library.members([OLD, NEW])
    assert len(both) == 120
    division = divide(both, SplitSettings(SplitKind.RANDOM, 0, 20))
    held = {m.identity for m in both if division.parts[m.id] is Part.TEST}
    assert not held & {m.identity for m in both if division.parts[m.id] is Part.TRAIN}
    assert set(division.reasons.values()) == {"same theorem"}


def test_a_split_that_lost_theorems_is_refused_and_can_be_made_again(library: Library) -> None:
    library.add_file(OLD, library_file())  # type: ignore[arg-type]
    settings = SplitSettings(SplitKind.RANDOM, 5, 10)
    library.add_split("main", divide(library.members(), settings), settings, DAY)
    library.add_file(OLD, library_file(salt="2"), replace=True)  # type: ignore[arg-type]
    for reading in (lambda: list(library.steps(split="main", part="train")), lambda: library.division("main")):
        with pytest.raises(LibraryError, match="60 theorems of split 'main' were replaced or deleted; make it again"):
            reading()  # type: ignore[no-untyped-call]
    again = library.add_split("main", divide(library.members(), settings), settings, DAY)
    assert again.version == 2
    assert library.split("main") == again


def test_members_carry_forms_of_states_and_names_of_premises(library: Library) -> None:
    library.add_file(OLD, file("Coq.ZArith.B", [
        theorem("Coq.ZArith.B.Z.a", "forall x, x = x", [step("n : nat\n⊢ n = n\n\n⊢ Q", premises=["p", "q"])], start=7),
        theorem("Coq.ZArith.B.b", "forall y, y = y", [step("m : nat\n⊢ m = m", premises=["p"])], start=9),
        theorem("Coq.ZArith.B.c", admitted=True),
    ]))  # fmt: skip
    first, second, third = library.members()
    assert (first.library, first.file, first.start, first.premises) == ("ZArith", "Coq.ZArith.B", 7, {"p", "q"})
    assert first.statement == second.statement != third.statement
    assert first.states == second.states
    assert (first.proved, third.proved, third.steps) == (True, False, ())
    assert len(set(first.steps + second.steps)) == 2
