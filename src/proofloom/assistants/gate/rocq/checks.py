"""The checks of the gate, in the order in which they run.  Each returns if the candidate passes and raises if not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from proofloom.assistants.gate.axioms import IMPLIED, in_bundle
from proofloom.assistants.gate.refusals import Refusal
from proofloom.assistants.gate.rocq.case import Case, digest_of
from proofloom.assistants.gate.rocq.commands import forbidden, harmless
from proofloom.assistants.gate.rocq.holes import Holes, is_obligation
from proofloom.assistants.gate.rocq.place import is_argument
from proofloom.assistants.gate.rocq.universes import denials, subgraph
from proofloom.proofs import Finding

# Options under which a file may be checked, with the number of values that follow.
_OPTIONS = {"-Q": 2, "-R": 2, "-I": 1, "-w": 1, "-set": 1, "-unset": 1, "-noinit": 0, "-nois": 0}
_OPTIONS |= {"-indices-matter": 0, "-compat": 1, "-allow-sprop": 0, "-disallow-sprop": 0, "-mangle-names": 1}
_OPTIONS |= {"-bytecode-compiler": 1}
_FILE = "file"


def settings(case: Case) -> None:
    """The options are those under which a check means something: no flag that weakens the logic, no native code."""
    options = iter(case.reference.settings.options)
    for option in options:
        if option not in _OPTIONS:
            raise Refusal(Finding.FORBIDDEN_COMMAND, f"the file is compiled with {option}, which the gate refuses")
        values = [next(options, "") for _ in range(_OPTIONS[option])]
        if option in ("-set", "-unset") and not harmless(values[0].partition("=")[0]):
            raise Refusal(Finding.FORBIDDEN_COMMAND, f"the file is compiled with {option} {values[0]!r}")


def commands(case: Case) -> None:
    """The candidate adds no command that writes files, loads code, undoes, or changes what is checked."""
    most = case.limits.source_mib << 20
    if len(case.candidate.text) > most:
        raise Refusal(Finding.NOT_CHECKED, f"the candidate has {len(case.candidate.text)} bytes, wanted at most {most}")
    found = forbidden(case.reference.text, case.candidate.text)
    if found is not None:
        raise Refusal(Finding.FORBIDDEN_COMMAND, f"the candidate adds {found}")


def reference(case: Case) -> None:
    """The reference compiles, alone and first, and its statement can be read."""
    place, reading = case.asked
    del place
    case.digest = digest_of(reading, case.fixation)


def compiles(case: Case) -> None:
    """The candidate compiles from source in a fresh process."""
    case.candidate.compiled  # noqa: B018 (it compiles when it is first asked for)


def statement(case: Case) -> None:
    """The theorem says the same, fully explicit and with every name by its full path."""
    found, said = case.found, case.said
    case.digest = digest_of(said, case.fixation)
    if found.statement != said.statement:
        difference = _difference(said.statement, found.statement)
        raise Refusal(Finding.WRONG_STATEMENT, f"the candidate proves another statement: {difference}")
    for constraint in sorted(found.constraints - said.constraints):
        if not _bounded_by_library(case, constraint):
            reason = f"the candidate proves a less general statement: only where {constraint}"
            raise Refusal(Finding.WRONG_STATEMENT, reason)
    levels = case.fixation.change(said.levels[""], found.levels[""])
    if levels is not None:
        raise Refusal(Finding.WRONG_STATEMENT, f"the candidate proves another statement: {levels}")


def definitions(case: Case) -> None:
    """What the statement mentions inside the file is the same, with bodies, and so on for what that mentions."""
    wanted = case.said.closure(sorted(case.said.mentioned))
    given = case.found.closure(sorted(case.found.mentioned))
    for path in sorted({*wanted, *given}):
        if wanted.get(path) != given.get(path):
            difference = _difference(wanted.get(path, "nothing"), given.get(path, "nothing"))
            raise Refusal(Finding.WRONG_STATEMENT, f"{path} is another one in the candidate: {difference}")
        levels = case.fixation.change(case.said.levels[path], case.found.levels[path])
        if levels is not None:
            raise Refusal(Finding.WRONG_STATEMENT, f"{path} is another one in the candidate: {levels}")
    _constraints(case, wanted)
    hidden = sorted((case.said.sealed | case.found.sealed) & set(wanted))
    if hidden:
        end = case.reference.span(case.theorem)[0].end
        if case.reference.text[:end] != case.candidate.text[:end]:
            shown = case.asked[0].source_path(hidden[0], case.library, case.theorem)
            reason = f"a signature hides the body of {shown}, and the text before the theorem differs"
            raise Refusal(Finding.NOT_CHECKED, reason)


def _constraints(case: Case, paths: Iterable[str]) -> None:
    """What the reference demands of the universe levels that it fixes holds in the candidate."""
    groups = [group for path in ("", *paths) for group in case.said.levels[path]]
    levels = case.fixation.levels(groups) - {"Set"}
    if len(levels) < 2:  # a constraint is between two
        return
    preamble = case.asked[0].preamble
    demanded = denials(case.base.probe.ask([subgraph(levels)], preamble).whole[0])
    answers = case.candidate.probe.ask([denial for _, denial in demanded], preamble)
    if answers.failure is not None:
        constraint = demanded[len(answers.texts)][0]
        raise Refusal(Finding.WRONG_STATEMENT, f"the candidate gives up the constraint {constraint}")


def assumptions(case: Case) -> None:
    """The proof rests on no hole, no unsafe flag, and on no axiom that is not allowed."""
    place = case.asked[0]
    bundles: dict[str, None] = {}
    own: list[str] = []
    for assumption in case.found.assumptions:
        path = place.source_path(assumption.path, case.library, case.theorem)
        if assumption.flag:
            raise Refusal(Finding.FORBIDDEN_AXIOM, f"it rests on {path}, which {assumption.flag}")
        if path == f"{case.library}.{case.theorem}":
            raise Refusal(Finding.INCOMPLETE, "the theorem is admitted")
        if not is_argument(assumption.path):
            case.axioms = (*case.axioms, path)
        if case.is_own(path):
            own.append(assumption.path)
        else:
            bundles[_allowed_by(case, path)] = None
    if own:
        _own_axioms(case, own)
    if not all(map(is_argument, own)):
        bundles[_FILE] = None
    case.bundles = tuple(bundles)


def checker(case: Case) -> None:
    """The independent checker accepts the candidate's file and names no part of it that was not fully checked."""
    flags = case.candidate.summary.flags
    if not flags:
        return
    theirs = case.base.summary.flags
    for name, flag in flags.items():
        if theirs.get(name) != flag:
            raise Refusal(Finding.CHECKER_REFUSED, f"{name} was {flag}")


CHECKS: tuple[tuple[str, Callable[[Case], None]], ...] = (
    ("settings", settings),
    ("commands", commands),
    ("reference", reference),
    ("compile", compiles),
    ("statement", statement),
    ("definitions", definitions),
    ("assumptions", assumptions),
    ("checker", checker),
)


def _bounded_by_library(case: Case, constraint: str) -> bool:
    """True for an upper bound by a universe level of another file, which comes with the use of a lemma from there."""
    level, relation, bound = constraint.split()
    own = case.library.rpartition(".")[2]
    return relation == "<=" and "." not in level and "." in bound and own not in bound.split(".")


def _allowed_by(case: Case, path: str) -> str:
    """What allows an axiom of another file; `Refusal` if nothing does.

    A bundle that was asked for; a bundle without which nothing can be proved about what the statement is about, such
    as real numbers; or the reference, which relies on that axiom already.
    """
    bundle = case.allowance.of(path)
    if bundle is not None:
        return bundle
    own = case.said.axioms.intersection(case.said.closure(sorted(case.said.mentioned)))
    for implied in IMPLIED:
        if in_bundle(path, implied) and any(in_bundle(other, implied) for other in (*case.under_statement, *own)):
            return implied
    if path in case.under_statement or path in case.under_file:
        return _FILE
    raise Refusal(Finding.FORBIDDEN_AXIOM, f"it rests on the axiom {path}")


def _own_axioms(case: Case, paths: Sequence[str]) -> None:
    """Axioms of the file itself have to be the reference's: declared there, the same, and not holes."""
    place, reading = case.asked
    holes = Holes(case.reference, case.theorem)
    located = case.base.probe.ask([f"Locate Term {path}." for path in paths], place.preamble).whole
    for path, text in zip(paths, located, strict=True):
        if not re.match(rf"Constant {re.escape(path)}\s", text):
            raise _added(case, path)
    theirs = case.base.read(place, paths, reading.asked)
    ours = case.candidate.read(place, paths, case.found.asked)
    for path in paths:
        shown = place.source_path(path, case.library, case.theorem)
        if path not in theirs.axioms:
            raise _added(case, path)
        if holes.holds(shown, argument=is_argument(path)):
            raise Refusal(Finding.INCOMPLETE, f"it rests on {shown}, which is not proved in the reference")
        if theirs.closure([path]) != ours.closure([path]):
            raise Refusal(Finding.FORBIDDEN_AXIOM, f"the axiom {shown} is another one than in the reference")


def _added(case: Case, path: str) -> Refusal:
    """The refusal for an axiom that the reference does not have: a hole if a proof is left open, else an axiom."""
    shown = case.asked[0].source_path(path, case.library, case.theorem)
    name = shown.rpartition(".")[2]
    if is_obligation(name) or any(hole.name == name for hole in case.candidate.source.holes):
        return Refusal(Finding.INCOMPLETE, f"it rests on {shown}, which is admitted")
    return Refusal(Finding.FORBIDDEN_AXIOM, f"it rests on {shown}, an axiom that the reference does not have")


def _difference(wanted: str, given: str) -> str:
    """The part where two normal forms begin to differ."""
    old, new = wanted.split(), given.split()
    start = next(
        (at for at, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]), min(len(old), len(new))
    )
    first = max(0, start - 3)
    return f"wanted '{' '.join(old[first : start + 12])}', got '{' '.join(new[first : start + 12])}'"
