"""Divides theorems into training, validation and test, and takes out of training what tells about the other two.

A division is a pure function of its settings and the theorems, whatever order these come in: units (a theorem, a file,
a library, or libraries that belong together) are sorted by name, shuffled with the seed, and taken while they fit.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from proofloom.corpus.splits.leaks import TOGETHER, Leak, Member, Part, counted, dependence, find


class SplitError(Exception):
    """A split that cannot be made as asked; one line that names what is in the way."""


class SplitKind(StrEnum):
    """What is dealt out: single theorems, whole files, whole libraries, users of premises, a sample's lemmas."""

    RANDOM = "random"
    FILE = "file"
    LIBRARY = "library"
    NOVEL_PREMISES = "novel_premises"
    FIGURES = "figures"
    IMPORTED = "imported"


@dataclass(frozen=True, slots=True)
class SampleLemma:
    """One lemma that the published figures are about: its file's logical name, its own name, where it stands."""

    file: str
    name: str
    start: int


@dataclass(frozen=True, slots=True)
class SplitSettings:
    """What makes a split; `val` and `test` are numbers of theorems, None for 2 % of those with a proof (LeanAgent).

    The split for figures takes `sample` for its test part, so that `test` must be None there.
    """

    kind: SplitKind = SplitKind.RANDOM
    val: int | None = None
    test: int | None = None
    seed: int = 3407
    together: tuple[tuple[str, ...], ...] = TOGETHER
    sample: tuple[SampleLemma, ...] = ()

    def __post_init__(self) -> None:
        for name in ("val", "test"):
            size = getattr(self, name)
            if size is not None and size < 0:
                raise SplitError(f"{name}={size}: wanted 0 or more")
        if (self.kind is SplitKind.FIGURES) != bool(self.sample):
            raise SplitError(f"kind={self.kind}: a sample belongs to the kind 'figures' and to no other")
        if self.kind is SplitKind.FIGURES and self.test is not None:
            raise SplitError(f"test={self.test}: the test part of 'figures' is the sample of {len(self.sample)} lemmas")

    def as_json(self) -> dict[str, Any]:
        """The settings as a JSON object; the sample is told by its size and digest."""
        record = asdict(self)
        record |= {"kind": self.kind.value, "together": [list(group) for group in self.together]}
        lines = sorted(f"{lemma.file} {lemma.name} {lemma.start}" for lemma in self.sample)
        record["sample"] = {"size": len(lines), "digest": _sha256(lines)} if lines else None
        return record


@dataclass(frozen=True)
class Division:
    """The part of every theorem, why the excluded are excluded, and the training steps that are left out.

    `leaks` are what was found and removed; `digest` is over the members' keys, so that it is the same for the same
    division on any database.
    """

    parts: Mapping[int, Part]
    reasons: Mapping[int, str]
    left_out: Mapping[int, str]
    digest: str
    report: Mapping[str, Any] = field(default_factory=dict)


def divide(members: Iterable[Member], settings: SplitSettings) -> Division:
    """The division that `settings` ask for, without leaks; raises `SplitError` if it cannot be."""
    members = sorted(members, key=lambda member: member.key)
    proved = [member for member in members if member.proved]
    val, test = (len(proved) // 50 if size is None else size for size in (settings.val, settings.test))
    if settings.kind is not SplitKind.FIGURES and val + test >= len(proved):
        raise SplitError(f"val={val} and test={test}: there are only {len(proved)} theorems with a proof")
    match settings.kind:
        case SplitKind.FIGURES:
            parts = _figures(proved, settings, val)
        case SplitKind.NOVEL_PREMISES:
            parts = _novel_premises(proved, settings, val, test)
        case SplitKind.IMPORTED:
            raise SplitError("kind=imported: such a split comes with a data set and cannot be made")
        case _:
            parts = _by_units(proved, settings, val, test)
    return without_leaks(members, parts, settings)


def without_leaks(members: Sequence[Member], parts: Mapping[int, Part], settings: SplitSettings) -> Division:
    """`parts` with everything taken out of training that `leaks.find` finds."""
    dependants = settings.kind is SplitKind.FIGURES
    leaks = list(find(members, parts, together=settings.together, dependants=dependants))
    reasons = {member.id: "no proof" for member in members if not member.proved and member.id not in parts}
    for leak in leaks:
        if leak.step is None:
            reasons.setdefault(leak.training, leak.kind.value)
    left_out = {leak.step: leak.kind.value for leak in leaks if leak.step is not None and leak.training not in reasons}
    final = {member.id: Part.EXCLUDED if member.id in reasons else parts[member.id] for member in members}
    return Division(final, reasons, left_out, _digest(members, final, reasons, left_out),
                    _report(members, final, reasons, left_out, leaks))  # fmt: skip


def as_given(members: Iterable[Member], parts: Mapping[int, Part]) -> Division:
    """A division that came with a data set, as it is; its report counts the leaks that it has."""
    members = sorted(members, key=lambda member: member.key)
    whole = {member.id: parts.get(member.id, Part.EXCLUDED) for member in members}
    reasons = {number: "in no part" for number, part in whole.items() if part is Part.EXCLUDED}
    leaks = list(find(members, whole))
    return Division(whole, reasons, {}, _digest(members, whole, reasons, {}),
                    _report(members, whole, reasons, {}, leaks))  # fmt: skip


def _by_units(proved: Sequence[Member], settings: SplitSettings, val: int, test: int) -> dict[int, Part]:
    """Shuffled units go to test while they fit, then to validation, then to training; sizes are upper limits."""
    units: dict[str, list[Member]] = {}
    for member in proved:
        units.setdefault(_unit(member, settings), []).append(member)
    names = sorted(units)
    random.Random(settings.seed).shuffle(names)
    parts: dict[int, Part] = {}
    room = {Part.TEST: test, Part.VAL: val}
    for name in names:
        part = next((part for part, left in room.items() if len(units[name]) <= left), Part.TRAIN)
        parts |= {member.id: part for member in units[name]}
        if part is not Part.TRAIN:
            room[part] -= len(units[name])
    for part, size in ((Part.TEST, test), (Part.VAL, val)):
        if size and room[part] == size:
            least = min(len(unit) for unit in units.values())
            raise SplitError(
                f"{part}={size}: nothing that fits is left; the smallest part of this kind has {least} theorems"
            )
    return parts


def _unit(member: Member, settings: SplitSettings) -> str:
    for group in settings.together:
        if member.library in group:
            return "+".join(group)
    if settings.kind is SplitKind.LIBRARY:
        return member.library
    return member.file if settings.kind is SplitKind.FILE else member.key


def _novel_premises(proved: Sequence[Member], settings: SplitSettings, val: int, test: int) -> dict[int, Part]:
    """LeanDojo's rule: the least used premises first, all users of one together, until there are enough.

    Each held-out proof then uses a premise that no training proof uses.  Premises with a user in libraries that belong
    together, or with more users than there is room for, are passed over.
    """
    bound = {library for group in settings.together for library in group}
    users: dict[str, list[Member]] = {}
    for member in proved:
        for name in member.premises:
            users.setdefault(name, []).append(member)
    order = sorted(users)
    random.Random(settings.seed).shuffle(order)
    pool: dict[int, Member] = {}
    for name in sorted(order, key=lambda name: len(users[name])):
        new = {member.id: member for member in users[name] if member.id not in pool}
        if len(pool) + len(new) <= val + test and not any(member.library in bound for member in new.values()):
            pool |= new
    if len(pool) < val + test:
        raise SplitError(f"val={val} and test={test}: only {len(pool)} theorems have premises of their own")
    held = sorted(pool, key=lambda number: pool[number].key)
    random.Random(settings.seed).shuffle(held)
    parts = {member.id: Part.TRAIN for member in proved}
    return parts | dict.fromkeys(held[:val], Part.VAL) | dict.fromkeys(held[val:], Part.TEST)


def _figures(proved: Sequence[Member], settings: SplitSettings, val: int) -> dict[int, Part]:
    """Test is the sample; validation is drawn from the same libraries, from what does not rest on the sample."""
    sample = _located(proved, settings.sample)
    tested = {member.id for member in sample}
    resting = dependence(proved, sample)
    libraries = {member.library for member in sample} - {name for group in settings.together for name in group}
    pool = [m for m in proved if m.library in libraries and m.id not in tested and m.id not in resting]
    if len(pool) < val:
        raise SplitError(f"val={val}: only {len(pool)} theorems of the sample's libraries do not rest on the sample")
    parts = {member.id: Part.TRAIN for member in proved} | dict.fromkeys(tested, Part.TEST)
    return parts | {member.id: Part.VAL for member in random.Random(settings.seed).sample(pool, val)}


def _located(proved: Sequence[Member], sample: Sequence[SampleLemma]) -> list[Member]:
    """The theorem that each lemma of the sample names: same file and last name, the nearest place."""
    named: dict[tuple[str, str], list[Member]] = {}
    for member in proved:
        named.setdefault((member.file, member.full_name.rpartition(".")[2]), []).append(member)
    missing = [lemma for lemma in sample if (lemma.file, lemma.name) not in named]
    if missing:
        first = f"{missing[0].file} {missing[0].name}"
        raise SplitError(f"sample: {len(missing)} of {len(sample)} lemmas are not in the library, first {first}")
    found: dict[int, SampleLemma] = {}
    for lemma in sample:
        nearest = min(named[lemma.file, lemma.name], key=lambda member: abs(member.start - lemma.start))
        if nearest.id in found:
            raise SplitError(f"sample: {lemma.file} {lemma.name} at {lemma.start} and another lemma are one theorem")
        found[nearest.id] = lemma
    return [member for member in proved if member.id in found]


def _digest(
    members: Sequence[Member], parts: Mapping[int, Part], reasons: Mapping[int, str], left_out: Mapping[int, str]
) -> str:
    lines = []
    for member in members:
        gone = [str(place) for place, step in enumerate(member.steps) if step in left_out]
        lines.append(f"{member.key}\t{parts[member.id]}\t{reasons.get(member.id, '')}\t{','.join(gone)}")
    return _sha256(lines)


def _sha256(lines: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _report(
    members: Sequence[Member], parts: Mapping[int, Part], reasons: Mapping[int, str], left_out: Mapping[int, str],
    leaks: Sequence[Leak],
) -> dict[str, Any]:  # fmt: skip
    sizes = Counter(parts[member.id] for member in members)
    steps: Counter[Part] = Counter()
    for member in members:
        steps[parts[member.id]] += sum(step not in left_out for step in member.steps)
    return {
        "theorems": {part.value: sizes[part] for part in Part},
        "steps": {part.value: steps[part] for part in Part},
        "excluded": dict(sorted(Counter(reasons.values()).items())),
        "left_out_steps": dict(sorted(Counter(left_out.values()).items())),
        "leaks": counted(leaks, members),
    }
