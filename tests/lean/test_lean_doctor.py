"""What `doctor` says of Lean: nothing that fails without it, and the trials where it is."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from command import proofloom
from small_lean import HEADER

from proofloom.app.doctor.lean import examine_lean
from proofloom.app.doctor.parts import Part
from proofloom.assistants.lean.toolchain import LeanToolchain
from proofloom.assistants.session import AssistantError

BARE = LeanToolchain((4, 20, 0), "/somewhere/lean")
"""A Lean without lake and leanchecker; in a project nothing is tried with it."""


def parts(find: Callable[[], LeanToolchain], place: Path, needed: bool = False) -> dict[str, Part]:
    return {part.name: part for part in examine_lean(find, place, needed=needed, which=lambda name: None)}


def test_without_lean_one_part_says_how_to_get_it(tmp_path: Path) -> None:
    def none() -> LeanToolchain:
        raise AssistantError("Lean is not installed: no program lean on the path; get it")

    (part,) = parts(none, tmp_path / "F.lean").values()
    assert (part.name, part.works, part.needed) == ("lean", False, False)
    assert part.seen == "Lean is not installed: no program lean on the path"
    assert part.told().splitlines()[0].startswith("without  lean ")
    assert "elan" in part.told().splitlines()[1]


def test_a_project_is_found_with_its_version_and_mathlib(tmp_path: Path) -> None:
    place = tmp_path / "Own" / "F.lean"
    place.parent.mkdir()
    (tmp_path / "lakefile.toml").touch()
    found = parts(lambda: BARE, place, needed=True)
    assert [name for name, part in found.items() if part.works] == ["lean", "project"]
    assert found["project"].seen == f"{tmp_path}, no lean-toolchain file"
    assert "lake update mathlib" in found["mathlib"].install
    assert "no program leanchecker" in found["leanchecker"].seen and "4.28" in found["leanchecker"].install
    assert "no program lake is on the path" in found["lean-search"].seen and found["lean-search"].needed
    assert all(part.works or part.install for part in found.values())
    (tmp_path / "lean-toolchain").write_text("leanprover/lean4:v4.29.0\n")
    mathlib = tmp_path / ".lake" / "packages" / "mathlib"
    mathlib.mkdir(parents=True)
    found = parts(lambda: BARE, place)
    assert found["project"].seen.endswith(", leanprover/lean4:v4.29.0")
    assert "not compiled" in found["mathlib"].seen and "lake exe cache get" in found["mathlib"].install
    compiled = mathlib / ".lake" / "build" / "lib" / "lean" / "Mathlib" / "Order.olean"
    compiled.parent.mkdir(parents=True)
    compiled.touch()
    assert parts(lambda: BARE, place)["mathlib"].works


@pytest.mark.rocq
def test_doctor_tries_lean_beside_rocq(tmp_path: Path, lean: Path) -> None:
    (tmp_path / "F.lean").write_text(HEADER)
    path = {"PATH": f"{lean.parent}:{os.environ['PATH']}"}
    done = proofloom("doctor", "--json", "--like", "F.lean", cwd=tmp_path, env=path)
    found = {item["name"]: item for item in done.objects}
    assert done.code == 0
    assert found["lean"]["seen"].startswith("Lean 4.35.0, ") and not found["lean"]["needed"]
    assert all(found[name]["works"] for name in ("lean", "leanchecker", "lean-search", "lean-gate"))
    assert "level 4" in found["lean-gate"]["seen"]


def test_lean_alone_is_enough(tmp_path: Path, lean: Path) -> None:
    (tmp_path / "F.lean").write_text(HEADER)
    done = proofloom("doctor", "--like", "F.lean", cwd=tmp_path, env={"PATH": f"{lean.parent}:{tools(tmp_path)}"})
    assert done.code == 0, done
    assert "without  rocq" in done.out and "ok       lean-gate" in done.out
    assert done.out.splitlines()[-1] == "ready to prove"
    missing = proofloom("doctor", "--like", "None.lean", cwd=tmp_path)
    assert "--like None.lean: cannot be read" in missing.complaint


def tools(folder: Path) -> Path:
    """A folder with the programs of the system that the gate uses, and without Rocq."""
    place = folder / "tools"
    place.mkdir()
    for name in ("env", "sh", "unshare", "prlimit", "true", "setpriv", "mount"):
        for system in ("/usr/bin", "/bin", "/sbin", "/usr/sbin"):
            if (Path(system) / name).exists() and not (place / name).exists():
                (place / name).symlink_to(Path(system) / name)
    return place
