"""Each kind of leak, planted, is found; a division that the splits make has none."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proofloom.corpus.splits.leaks import Kind, Leak, Member, Part, counted, dependence, find
from proofloom.corpus.splits.splits import Division, SampleLemma, SplitError, SplitKind, SplitSettings, as_given, divide


def member(number: int, **changes: object) -> Member:
    """A theorem that has nothing in common with any other."""
    plain = Member(
        id=number, key=f"key {number:05}", full_name=f"L.Lib{number % 5}.f{number % 11}.t{number}",
        library=f"Lib{number % 5}", file=f"L.Lib{number % 5}.f{number % 11}", start=number, identity=number,
        proved=True, statement=1000 + number, steps=(10 * number, 10 * number + 1),
        states=(100_000 + 2 * number, 100_001 + 2 * number), premises=frozenset({f"own{number}"}),
    )  # fmt: skip
    return replace(plain, **changes)  # type: ignore[arg-type]


CLEAN = [member(number) for number in range(1, 21)]
PARTS = {number: Part.TEST if number <= 3 else Part.VAL if number <= 6 else Part.TRAIN for number in range(1, 21)}


def planted(number: int, **changes: object) -> list[Member]:
    return [replace(m, **changes) if m.id == number else m for m in CLEAN]  # type: ignore[arg-type]


def found(members: list[Member], parts: dict[int, Part] = PARTS, *, dependants: bool = True) -> list[Leak]:
    return list(find(members, parts, dependants=dependants))


def test_a_clean_division_has_no_leak() -> None:
    assert found(CLEAN) == []


@pytest.mark.parametrize("held", [2, 5])
def test_the_same_theorem_at_another_commit(held: int) -> None:
    assert found(planted(9, identity=held)) == [Leak(Kind.SAME_THEOREM, 9, held)]


@pytest.mark.parametrize("held", [2, 5])
def test_the_same_statement(held: int) -> None:
    assert found(planted(9, statement=1000 + held)) == [Leak(Kind.SAME_STATEMENT, 9, held)]


@pytest.mark.parametrize("held", [2, 5])
def test_the_same_state(held: int) -> None:
    leaks = found(planted(9, states=(100_018, 100_001 + 2 * held)))
    assert leaks == [Leak(Kind.SAME_STATE, 9, held, 91)]
    assert list(find(planted(9, states=(100_018, 100_001 + 2 * held)), PARTS, left_out={91})) == []


def test_direct_and_transitive_dependence_on_test_only() -> None:
    members = planted(9, premises=frozenset({CLEAN[1].full_name}))
    members[9] = replace(members[9], premises=frozenset({members[8].full_name, "x"}))
    members[10] = replace(members[10], premises=frozenset({CLEAN[4].full_name}))
    assert found(members) == [Leak(Kind.DEPENDS, 9, 2), Leak(Kind.DEPENDS, 10, 2)]
    assert found(members, dependants=False) == []


def test_dependence_runs_through_theorems_that_are_excluded() -> None:
    members = planted(9, premises=frozenset({CLEAN[1].full_name}))
    members[9] = replace(members[9], premises=frozenset({members[8].full_name}))
    assert found(members, {**PARTS, 9: Part.EXCLUDED}) == [Leak(Kind.DEPENDS, 10, 2)]
    assert dependence(members, [members[1]]) == {9: 2, 10: 2}


def test_theorems_that_use_each_other_do_not_run_in_circles() -> None:
    members = planted(9, premises=frozenset({CLEAN[1].full_name, CLEAN[9].full_name}))
    members[9] = replace(members[9], premises=frozenset({members[8].full_name}))
    members[1] = replace(members[1], premises=frozenset({members[8].full_name}))
    assert dependence(members, [members[1]]) == {9: 2, 10: 2}


def test_libraries_that_copy_each_other_on_both_sides() -> None:
    members = planted(9, library="FSets")
    members[1] = replace(members[1], library="MSets")
    assert found(members) == [Leak(Kind.LIBRARIES, 9, 2)]
    members[1] = replace(members[1], library="Numbers")
    assert found(members) == []


def test_what_is_excluded_or_in_no_part_does_not_leak() -> None:
    members = planted(9, statement=1002)
    assert found(members, {**PARTS, 9: Part.EXCLUDED}) == []
    assert found(members, {number: part for number, part in PARTS.items() if number != 9}) == []
    assert found(members, {**PARTS, 9: Part.VAL}) == []


def test_the_count_names_examples() -> None:
    leaks = [Leak(Kind.SAME_STATE, 9, 2, 91), Leak(Kind.SAME_STATE, 9, 2, 90), Leak(Kind.DEPENDS, 10, 2)]
    report = counted(leaks, CLEAN, examples=1)
    assert report["same state"] == {"theorems": 1, "steps": 2, "examples": ["L.Lib4.f9.t9 ~ L.Lib2.f2.t2"]}
    assert report["depends on a test theorem"]["theorems"] == 1
    assert report["same statement"] == {"theorems": 0, "steps": 0, "examples": []}


KINDS = [SplitKind.RANDOM, SplitKind.FILE, SplitKind.LIBRARY, SplitKind.NOVEL_PREMISES, SplitKind.FIGURES]
LIBRARIES = ["FSets", "MSets", "Numbers", "ZArith", "Lists", "Bool"]


@st.composite
def libraries(draw: st.DrawFn) -> list[Member]:
    """Theorems that repeat each other's statements and states and use each other."""
    count = draw(st.integers(8, 40))
    members = []
    for number in range(1, count + 1):
        library = draw(st.sampled_from(LIBRARIES))
        file = f"L.{library}.f{draw(st.integers(0, 2))}"
        steps = draw(st.integers(0, 3))
        used = draw(st.lists(st.integers(1, count), max_size=2))
        members.append(
            member(
                number, library=library, file=file, full_name=f"{file}.t{number}",
                statement=draw(st.integers(0, 60)), identity=draw(st.integers(1, 60)),
                proved=draw(st.integers(0, 9)) > 0, steps=tuple(10 * number + i for i in range(steps)),
                states=tuple(draw(st.integers(0, 80)) for _ in range(steps)),
                premises=frozenset({f"p{draw(st.integers(0, 30))}", *(f"own{number}" for _ in range(number % 2))}),
            )
        )  # fmt: skip
        for other in used:
            if other < number:
                last = members[-1]
                members[-1] = replace(last, premises=last.premises | {members[other - 1].full_name})
    return members


def settings_for(kind: SplitKind, members: list[Member], val: int, test: int, seed: int) -> SplitSettings:
    if kind is not SplitKind.FIGURES:
        return SplitSettings(kind, val, test, seed)
    outside = [m for m in members if m.proved and m.library in ("ZArith", "Lists", "Bool")]
    sample = tuple(SampleLemma(m.file, m.full_name.rpartition(".")[2], m.start) for m in outside[:test])
    return SplitSettings(kind, val, None, seed, sample=sample)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(libraries(), st.sampled_from(KINDS), st.integers(0, 4), st.integers(1, 4), st.integers(0, 99), st.randoms())
def test_a_division_has_no_leak_and_loses_nothing(
    members: list[Member], kind: SplitKind, val: int, test: int, seed: int, shuffling: object
) -> None:
    try:
        wanted = settings_for(kind, members, val, test, seed)
        division = divide(members, wanted)
    except SplitError:
        return
    dependants = kind is SplitKind.FIGURES
    assert list(find(members, division.parts, left_out=division.left_out, dependants=dependants)) == []
    assert set(division.parts) == {m.id for m in members}
    by_part = {part: [m for m in members if division.parts[m.id] is part] for part in Part}
    assert len(by_part[Part.TEST]) <= (len(wanted.sample) or test)
    assert len(by_part[Part.VAL]) <= val
    assert {m.id for m in by_part[Part.EXCLUDED]} == set(division.reasons)
    assert all(m.proved for part in (Part.TRAIN, Part.VAL, Part.TEST) for m in by_part[part])
    assert set(division.left_out) <= {step for m in by_part[Part.TRAIN] for step in m.steps}
    assert sum(division.report["theorems"].values()) == len(members)
    check_kind(kind, by_part)
    again = list(members)
    shuffling.shuffle(again)  # type: ignore[attr-defined]
    renumbered = [replace(m, id=m.id + 7000, steps=tuple(s + 90_000 for s in m.steps)) for m in again]
    other = divide(renumbered, wanted)
    assert other.digest == division.digest
    assert {number - 7000: part for number, part in other.parts.items()} == dict(division.parts)


def check_kind(kind: SplitKind, by_part: dict[Part, list[Member]]) -> None:
    """What each kind promises of what is left."""
    held = by_part[Part.TEST] + by_part[Part.VAL]
    if kind is SplitKind.FILE:
        assert not {m.file for m in held} & {m.file for m in by_part[Part.TRAIN]}
        assert not {m.file for m in by_part[Part.TEST]} & {m.file for m in by_part[Part.VAL]}
    if kind is SplitKind.LIBRARY:
        assert not {m.library for m in held} & {m.library for m in by_part[Part.TRAIN]}
    if kind is SplitKind.NOVEL_PREMISES:
        known = {name for m in by_part[Part.TRAIN] for name in m.premises}
        assert all(m.premises - known for m in held)


def test_every_leak_is_counted_with_its_reason() -> None:
    members = [member(number) for number in range(1, 101)]
    tested = divide(members, SplitSettings(SplitKind.RANDOM, 0, 5, 1)).parts
    held = next(number for number, part in tested.items() if part is Part.TEST)
    victims = [number for number, part in tested.items() if part is Part.TRAIN][:3]
    members[victims[0] - 1] = replace(members[victims[0] - 1], statement=1000 + held)
    members[victims[1] - 1] = replace(members[victims[1] - 1], states=(100_000 + 2 * held, 7))
    members[victims[2] - 1] = replace(members[victims[2] - 1], proved=False)
    division = as_in(members, tested)
    assert division.reasons == {victims[0]: "same statement", victims[2]: "no proof"}
    assert division.left_out == {10 * victims[1]: "same state"}
    assert division.report["excluded"] == {"no proof": 1, "same statement": 1}
    assert division.report["left_out_steps"] == {"same state": 1}
    assert division.report["theorems"] == {"train": 93, "val": 0, "test": 5, "excluded": 2}
    assert division.report["steps"] == {"train": 185, "val": 0, "test": 10, "excluded": 4}


def as_in(members: list[Member], parts: object) -> Division:
    """The members divided as before, the unproved one aside."""
    from proofloom.corpus.splits.splits import without_leaks

    known = {m.id: parts[m.id] for m in members if m.proved}  # type: ignore[index]
    return without_leaks(members, known, SplitSettings())


def test_a_given_division_keeps_its_leaks_and_counts_them() -> None:
    division = as_given(planted(9, statement=1002), PARTS)
    assert division.parts[9] is Part.TRAIN
    assert division.report["leaks"]["same statement"]["theorems"] == 1
    assert as_given(CLEAN, {1: Part.TEST}).reasons[2] == "in no part"
