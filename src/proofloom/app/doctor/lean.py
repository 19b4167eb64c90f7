"""What `doctor` says of Lean: the programs, the project around a file, Mathlib in it, and the two trials.

Nothing of it is needed as long as Rocq is there, so without Lean there is one entry that says how to get it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from proofloom.app.doctor.parts import Part, Trial, gate_part, search_part
from proofloom.app.languages import LEAN, Installed
from proofloom.assistants.lean.toolchain import (
    CHECKER_MISSING,
    INSTALL,
    LAKEFILES,
    LeanSettings,
    LeanToolchain,
    printed,
    project_root,
)
from proofloom.assistants.session import AssistantError
from proofloom.proofs import Theorem

_STATED = "theorem proofloom_trial (p : Prop) (h : p) : p := by"
_TACTIC = "assumption"
_NEWER = "elan toolchain install stable (or any Lean from 4.28 on)"
_OTHERWISE = "a Lean from 4.28 on with its library, or --like FILE.lean for a file that this one reads"


def examine_lean(
    find: Callable[[], LeanToolchain],
    place: Path,
    head: str = "",
    needed: bool = False,
    which: Callable[[str], str | None] = shutil.which,
) -> Iterator[Part]:
    """Every part of Lean in order, for a file that would lie at `place` and begin with the imports `head`.

    `find` raises `AssistantError` if there is no usable Lean.
    """
    try:
        toolchain = find()
    except AssistantError as error:
        yield Part("lean", False, str(error).split("; ")[0], "files that end in .lean", INSTALL, needed)
        return
    yield Part("lean", True, f"{toolchain.name}, {toolchain.lean}", "runs tactics, compiles files", "", needed)
    yield _elan(which)
    lake = toolchain.lake
    yield Part("lake", lake is not None, lake or "not on the path", "files in a project", "" if lake else INSTALL)
    checker = toolchain.checker
    yield Part(
        "leanchecker",
        checker is not None,
        checker or CHECKER_MISSING,
        "replaying a proof in the kernel, without which none is accepted",
        "" if checker else _NEWER,
    )
    yield from _project(place)
    try:
        settings = LEAN.settings_for(place, toolchain)
    except AssistantError as error:
        yield Part("lean-search", False, str(error), "searching for proofs in Lean files", INSTALL, needed)
        return
    yield from _trials(toolchain, place, head, settings, needed)


def _elan(which: Callable[[str], str | None]) -> Part:
    purpose = "another version of Lean for each project"
    elan = which("elan")
    if elan is None:
        return Part("elan", False, "not on the path", purpose, INSTALL)
    try:
        version = printed((elan, "--version")).strip()
    except AssistantError as error:
        return Part("elan", False, str(error), purpose, INSTALL)
    return Part("elan", True, f"{version.splitlines()[0] if version else 'no version'}, {elan}", purpose, "")


def _project(place: Path) -> Iterator[Part]:
    """The project around a file, and Mathlib in it: there, and compiled."""
    root = project_root(place)
    mathlib = ("mathlib", False)
    purpose = "files that import Mathlib"
    if root is None:
        what = f"no {' or '.join(LAKEFILES)} here or above"
        yield Part(*mathlib, what, purpose, "run doctor in the folder of a project, or with --like FILE.lean")
        return
    wanted = root / "lean-toolchain"
    version = wanted.read_text("utf-8", "replace").strip() if wanted.is_file() else "no lean-toolchain file"
    yield Part("project", True, f"{root}, {version}", "files in it", "")
    packages = root / ".lake" / "packages" / "mathlib"
    folder = root if (root / "Mathlib.lean").is_file() else packages
    if not folder.is_dir():
        yield Part(*mathlib, f"not in {root}", purpose, "add it to the lakefile, then lake update mathlib")
    elif not any((folder / ".lake" / "build" / "lib").rglob("Mathlib/*.olean")):
        yield Part(*mathlib, f"{folder}, not compiled", purpose, f"lake exe cache get (in {root})")
    else:
        yield Part("mathlib", True, str(folder), purpose, "")


def _trials(toolchain: LeanToolchain, place: Path, head: str, settings: LeanSettings, needed: bool) -> Iterator[Part]:
    trial = Trial(
        theorem=Theorem("proofloom_trial", _STATED, before=head, ending="", file=place),
        tactic=_TACTIC,
        reference=f"{head}{_STATED} sorry\n".encode(),
        candidate=f"{head}{_STATED} {_TACTIC}\n".encode(),
        settings=settings,
        install=_OTHERWISE,
        needed=needed,
    )
    installed = Installed(LEAN, toolchain)
    search = search_part("lean-search", trial, installed.assistant, "searching for proofs in Lean files")
    yield search
    if not search.works:
        return
    with closing(installed.gate(())) as gate:
        yield gate_part("lean-gate", trial, gate, "deciding what is proved in Lean files")
