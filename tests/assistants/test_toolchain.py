"""Finding Rocq: every version's names, and one clear line where something is missing or does not fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from proofloom.assistants.rocq.toolchain import find_toolchain
from proofloom.assistants.session import AssistantError


def which(*programs: str) -> Callable[[str], str | None]:
    return lambda name: f"/bin/{name}" if name in programs else None


def answers(library: Path, version: str, server: str | None = None) -> Callable[[Sequence[str]], str]:
    """What an installation of `version` prints."""

    def ask(command: Sequence[str]) -> str:
        if command[-1] == "-where":
            return f"{library}\n"
        assert command[-1] == "-print-version"
        return f"{server if server and 'coqidetop' in command[0] else version} 4.14.1\n"

    return ask


@pytest.fixture
def library(tmp_path: Path) -> Path:
    (tmp_path / "theories" / "Init").mkdir(parents=True)
    return tmp_path


def test_coq_8(library: Path) -> None:
    found = find_toolchain(which("coqc", "coqidetop.opt", "coqidetop", "coqchk"), answers(library, "8.16.1"))
    assert found.version == (8, 16, 1)
    assert (found.coqc, found.coqidetop, found.coqchk) == (("/bin/coqc",), ("/bin/coqidetop.opt",), ("/bin/coqchk",))
    assert found.library == library
    assert found.name == "Coq 8.16.1"
    assert found.require("Lia", "Lra") == "From Coq Require Import Lia Lra."
    assert found.standard_folder == found.theories == library / "theories"
    assert found.core_library == "Coq"


def test_rocq_9(library: Path) -> None:
    programs = which("rocq", "coqc", "coqidetop.opt", "rocqchk", "coqchk")
    found = find_toolchain(programs, answers(library, "9.1+rc1"))
    assert found.version == (9, 1, 0)
    assert (found.coqc, found.coqchk) == (("/bin/rocq", "c"), ("/bin/rocqchk",))
    assert found.name == "Rocq 9.1.0"
    assert found.require("Lia") == "From Stdlib Require Import Lia."
    assert found.standard_folder == library / "user-contrib" / "Stdlib"
    assert found.core_library == "Corelib"


@pytest.mark.parametrize(
    ("programs", "missing"),
    [
        ((), "the compiler was not found .looked for rocq, coqc"),
        (("coqc", "coqchk"), "coqidetop"),
        (("coqc", "coqidetop"), "coqchk"),
    ],
)
def test_a_missing_program_is_named_with_the_command_that_installs_it(
    library: Path, programs: tuple[str, ...], missing: str
) -> None:
    with pytest.raises(AssistantError, match=missing) as caught:
        find_toolchain(which(*programs), answers(library, "8.16.1"))
    for command in ("apt-get install coq", "opam install", "brew install"):
        assert command in str(caught.value)
    assert "\n" not in str(caught.value)


ALL = ("coqc", "coqidetop", "coqchk")


def test_an_old_version_is_refused(library: Path) -> None:
    with pytest.raises(AssistantError, match=r"Coq 8\.15\.2 is too old: wanted 8\.16"):
        find_toolchain(which(*ALL), answers(library, "8.15.2"))


def test_two_versions_on_one_path_are_refused(library: Path) -> None:
    with pytest.raises(AssistantError, match=r"Coq 8\.18\.0, but /bin/coqidetop is of 8\.17\.1"):
        find_toolchain(which(*ALL), answers(library, "8.18.0", "8.17.1"))


def test_a_missing_library_is_named(tmp_path: Path) -> None:
    with pytest.raises(AssistantError, match="no library below"):
        find_toolchain(which(*ALL), answers(tmp_path, "8.16.1"))


def test_what_is_no_version_is_named(library: Path) -> None:
    with pytest.raises(AssistantError, match="no version number in 'unknown"):
        find_toolchain(which(*ALL), answers(library, "unknown"))


def test_a_program_that_does_not_run_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "coqc"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    with pytest.raises(AssistantError, match=r"coqc -print-version' does not run .*status 3"):
        find_toolchain(lambda name: str(broken) if name == "coqc" else None)


@pytest.mark.rocq
def test_the_installed_one() -> None:
    found = find_toolchain()
    assert found.version >= (8, 16, 0)
    assert (found.standard_folder / "Lists" / "List.vo").is_file()
