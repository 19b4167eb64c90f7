"""Checkers by others for Lean, asked where they are installed: SafeVerify and comparator.

Neither is needed for a verdict, and where one is missing or cannot judge a file its check is `not_run`.  Where one runs
and does not say yes, the answer is no.  Both were tried here with stand-ins only: neither runs without Lean's library.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from proofloom.assistants.gate.confinement import Run
from proofloom.assistants.gate.lean.probe import MODULE, Edition
from proofloom.assistants.gate.refusals import Refusal
from proofloom.assistants.lean.text.lexing import Kind, code
from proofloom.assistants.lean.text.tactics import HOLES
from proofloom.proofs import Finding

_USUAL = frozenset(("propext", "Quot.sound", "Classical.choice"))
_PROBLEM = "found a problem in"
_CHALLENGE, _SOLUTION = "Challenge", "Solution"


class NotRun(Exception):
    """The check cannot be made here."""


@dataclass(frozen=True, slots=True)
class Witnesses:
    """The programs, None for those that are not there; comparator needs all that it starts, and `lake`."""

    safe_verify: str | None = None
    compare: str | None = None

    @classmethod
    def find(cls, which: Callable[[str], str | None] = shutil.which) -> Witnesses:
        """The programs on the path."""
        needed = all(which(name) for name in ("landrun", "lean4export", "lake"))
        return cls(which("safe_verify"), which("comparator") if needed else None)

    @property
    def named(self) -> dict[str, str]:
        """The programs by the names of their checks."""
        return {"safeverify": self.safe_verify or "none", "comparator": self.compare or "none"}

    def safeverify(self, reference: Edition, candidate: Edition, axioms: tuple[str, ...]) -> None:
        """Have SafeVerify compare both compiled files; raises `NotRun` where it cannot judge them, `Refusal`.

        It looks at all declarations of a file and knows three axioms, so it is not asked about a file with other holes
        left, nor about a proof that rests on an axiom which was allowed beside these.
        """
        if self.safe_verify is None or set(axioms) - _USUAL or _holes(candidate):
            raise NotRun
        files = [str(one.library / f"{MODULE}.olean") for one in (reference, candidate)]
        done = candidate.shop.program(self.safe_verify, candidate.folder / "safeverify", (), *files)
        candidate.runs.append(done)
        # Some versions end with status 0 though they name a problem.
        if not done.good or _PROBLEM in (done.out + done.error).lower():
            raise Refusal(Finding.CHECKER_REFUSED, _said(done))

    def comparator(self, reference: Edition, candidate: Edition, theorem: str, allowed: frozenset[str]) -> None:
        """Have comparator build both texts in a project of its own, compare and replay; raises `NotRun`, `Refusal`.

        The project uses the packages of the file's own project where they lie, so nothing is fetched.
        """
        lake = candidate.shop.toolchain.lake
        if self.compare is None or lake is None:
            raise NotRun
        place = candidate.folder / "comparator"
        place.mkdir()
        for name, edition in ((_CHALLENGE, reference), (_SOLUTION, candidate)):
            (place / f"{name}.lean").write_text(edition.text, encoding="utf-8")
        config = {
            "challenge_module": _CHALLENGE,
            "solution_module": _SOLUTION,
            "theorem_names": [theorem],
            "permitted_axioms": sorted(allowed),
            "enable_nanoda": False,
        }
        (place / "config.json").write_text(json.dumps(config), encoding="utf-8")
        _project(place, candidate.shop.settings.folder)
        done = candidate.shop.program(lake, place, (), "env", self.compare, "config.json")
        candidate.runs.append(done)
        if not done.good:
            raise Refusal(Finding.CHECKER_REFUSED, _said(done))


def _holes(edition: Edition) -> bool:
    return any(token.kind is Kind.WORD and token.text in HOLES for token in code(edition.text))


def _project(place: Path, home: Path) -> None:
    """A Lake project in `place` with both modules, that finds the packages of the project `home` in their folders."""
    libraries = "".join(f'\n[[lean_lib]]\nname = "{name}"\n' for name in (_CHALLENGE, _SOLUTION))
    (place / "lakefile.toml").write_text(f'name = "proofloom_comparison"\n{libraries}', encoding="utf-8")
    if (home / "lean-toolchain").is_file():
        shutil.copyfile(home / "lean-toolchain", place / "lean-toolchain")
    packages = list(_packages(home))
    if packages:
        required = "".join(f'\n[[require]]\nname = "{name}"\npath = "{folder}"\n' for name, folder in packages)
        with (place / "lakefile.toml").open("a", encoding="utf-8") as stream:
            stream.write(required)


def _packages(home: Path) -> Iterator[tuple[str, str]]:
    """Names and folders of the packages that a project's manifest lists, and of the project itself."""
    try:
        manifest = json.loads((home / "lake-manifest.json").read_text("utf-8"))
        yield str(manifest["name"]), str(home)
        for package in manifest["packages"]:
            own = package.get("dir") or Path(manifest.get("packagesDir", ".lake/packages"), package["name"])
            yield str(package["name"]), str(home / own)
    except FileNotFoundError:
        return
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refusal(Finding.NOT_CHECKED, f"{home / 'lake-manifest.json'} cannot be read: {error}") from error


def _said(done: Run) -> str:
    return " ".join((done.error + done.out).split())[-300:] or f"exit status {done.status}"
