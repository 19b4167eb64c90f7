"""The verb `doctor`: what is installed, whether it works, and what each missing part would add.

Nothing is believed because it is there: a session proves a small lemma and the gate checks it, here and now.
"""

from __future__ import annotations

import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from proofloom import __version__
from proofloom.app.doctor.lean import examine_lean
from proofloom.app.doctor.packages import examine_extras
from proofloom.app.doctor.parts import Part, Trial, gate_part, search_part
from proofloom.app.languages import Gate
from proofloom.app.toml_records import BadInput
from proofloom.assistants.gate import RocqGate
from proofloom.assistants.gate.confinement import GateLimits, run
from proofloom.assistants.gate.lean.probe import header
from proofloom.assistants.gate.refusals import Refusal
from proofloom.assistants.lean.toolchain import find_lean
from proofloom.assistants.rocq.project import FileSettings
from proofloom.assistants.rocq.session import Rocq
from proofloom.assistants.rocq.toolchain import INSTALL, RocqToolchain, find_toolchain
from proofloom.assistants.session import AssistantError
from proofloom.proofs import Theorem

_STATED = "Lemma trial : forall n : nat, n + 0 = n."
_TACTIC = "induction n; simpl; auto"
_TRIAL = Trial(
    theorem=Theorem("trial", _STATED, opening=("Proof.",)),
    tactic=_TACTIC,
    reference=f"{_STATED}\nProof.\nAdmitted.\n".encode(),
    candidate=f"{_STATED}\nProof.\n  {_TACTIC}.\nQed.\n".encode(),
    settings=FileSettings("Trial"),
    install=INSTALL,
    needed=True,
)
_UTIL_LINUX = "apt-get install util-linux (Linux only; the kernel must allow user namespaces)"


def examine_all(like: Path | None) -> Iterator[Part]:
    """Every part in order: Rocq, Lean, tried with the imports and in the project of the file `like`, and the extras.

    One of the two is needed.  Raises `BadInput` for a file that cannot be read.
    """
    place, head = like or Path("Proofloom.lean"), ""
    try:
        head = "" if like is None else header(like.read_text("utf-8")).lstrip()
    except (OSError, UnicodeDecodeError, Refusal) as error:
        raise BadInput(f"--like {like}: cannot be read: {error}") from error
    rocq, lean = _there(find_toolchain), _there(find_lean)
    yield from examine(find_toolchain, RocqGate, needed=not lean)
    yield from examine_lean(find_lean, place, head, needed=lean and not rocq)
    yield from examine_extras()


def _there(find: Callable[[], object]) -> bool:
    try:
        find()
    except AssistantError:
        return False
    return True


def examine(
    find: Callable[[], RocqToolchain], gate_of: Callable[[RocqToolchain], Gate], needed: bool = True
) -> Iterator[Part]:
    """Every part but those of Lean, in order; `find` raises `AssistantError` if there is no usable Rocq.

    `needed` says whether nothing can be proved without it.
    """
    yield Part("proofloom", True, __version__, "this program", "")
    yield Part("python", True, platform.python_version(), "runs it", "")
    try:
        toolchain = find()
    except AssistantError as error:
        yield Part("rocq", False, str(error), "checks every proof", INSTALL, needed)
        if not needed:
            yield from _limits()
        return
    yield from _programs(toolchain)
    yield search_part("session", _TRIAL, lambda: Rocq(toolchain), "searches for proofs")
    with closing(gate_of(toolchain)) as gate:
        yield gate_part("gate", _TRIAL, gate, "decides what is proved")
    yield from _limits()
    yield from _libraries(toolchain)


def _programs(toolchain: RocqToolchain) -> Iterator[Part]:
    yield Part("rocq", True, f"{toolchain.name}, {' '.join(toolchain.coqc)}", "compiles files", "", needed=True)
    yield Part("server", True, " ".join(toolchain.coqidetop), "runs the tactics of a search", "", needed=True)
    yield Part("checker", True, " ".join(toolchain.coqchk), "replays a proof in the kernel", "", needed=True)
    yield Part("library", True, str(toolchain.library), "the standard library", "", needed=True)


def _limits() -> Iterator[Part]:
    """Which limits are really on when the gate runs a program."""
    with tempfile.TemporaryDirectory(prefix="proofloom-doctor-") as folder:
        try:
            limits = run((shutil.which("true") or "true",), Path(folder), GateLimits()).limits
        except AssistantError as error:
            yield Part("limits", False, str(error), "keep a hostile file in bounds", _UTIL_LINUX)
            return
    off = sorted(name for name, value in limits.items() if value == "not set")
    on = ", ".join(f"{name} {value}" for name, value in limits.items() if name not in ("network", "processes"))
    yield Part("limits", not off, on, "keep a file that is checked in bounds", _UTIL_LINUX if off else "")
    network = limits.get("network", "not isolated")
    seen = "a file that is checked has no network" if network == "none" else network
    yield Part(
        "isolation",
        network == "none",
        seen,
        "keeps a file that is checked off the network",
        "" if network == "none" else _UTIL_LINUX,
    )


def _libraries(toolchain: RocqToolchain) -> Iterator[Part]:
    """Packages that are of use, but not needed."""
    for name, folder, purpose, debian, opam in (
        ("hammer", "Hammer", "tactics such as `sauto` in your files", "libcoq-hammer", "coq-hammer"),
        ("coquelicot", "Coquelicot", "files about real analysis", "libcoq-coquelicot", "coq-coquelicot"),
        ("mathcomp", "mathcomp", "files that use Mathematical Components", "libcoq-mathcomp", "coq-mathcomp-ssreflect"),
    ):
        place = toolchain.contributions / folder
        there = place.is_dir()
        install = "" if there else f"apt-get install {debian} (Debian, Ubuntu) or opam install {opam}"
        yield Part(name, there, str(place) if there else "not installed", purpose, install)
