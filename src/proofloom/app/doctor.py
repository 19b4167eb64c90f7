"""The verb `doctor`: what is installed, whether it works, and what each missing part would add.

Nothing is believed because it is there: a session proves a small lemma and the gate checks it, here and now.
"""

from __future__ import annotations

import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proofloom import __version__
from proofloom.app.languages import Gate
from proofloom.assistants.gate.confinement import GateLimits, run
from proofloom.assistants.rocq.project import FileSettings
from proofloom.assistants.rocq.session import Rocq
from proofloom.assistants.rocq.toolchain import INSTALL, RocqToolchain
from proofloom.assistants.session import AssistantError
from proofloom.proofs import Step, Theorem

_TRIAL = Theorem("trial", "Lemma trial : forall n : nat, n + 0 = n.", opening=("Proof.",))
_TRIAL_TACTIC = "induction n; simpl; auto"
_REPORT = "this installation and Proofloom do not fit together; please report it with the line above"
_UTIL_LINUX = "apt-get install util-linux (Linux only; the kernel must allow user namespaces)"


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that is looked for: whether it works, what was seen, what it is for, the command that installs it.

    Without a `needed` part nothing can be proved.
    """

    name: str
    works: bool
    seen: str
    purpose: str
    install: str
    needed: bool = False

    def as_json(self) -> dict[str, Any]:
        """A JSON object with the fields of the record."""
        return {
            "name": self.name,
            "works": self.works,
            "seen": self.seen,
            "purpose": self.purpose,
            "install": self.install,
            "needed": self.needed,
        }


def examine(find: Callable[[], RocqToolchain], gate_of: Callable[[RocqToolchain], Gate]) -> Iterator[Part]:
    """Every part in order; `find` raises `AssistantError` if there is no usable Rocq."""
    yield Part("proofloom", True, __version__, "this program", "")
    yield Part("python", True, platform.python_version(), "runs it", "")
    try:
        toolchain = find()
    except AssistantError as error:
        yield Part("rocq", False, str(error), "checks every proof", INSTALL, needed=True)
        return
    yield from _programs(toolchain)
    yield _session(toolchain)
    with closing(gate_of(toolchain)) as gate:
        yield _gate(gate)
    yield from _limits()
    yield from _libraries(toolchain)


def _programs(toolchain: RocqToolchain) -> Iterator[Part]:
    yield Part("rocq", True, f"{toolchain.name}, {' '.join(toolchain.coqc)}", "compiles files", "", needed=True)
    yield Part("server", True, " ".join(toolchain.coqidetop), "runs the tactics of a search", "", needed=True)
    yield Part("checker", True, " ".join(toolchain.coqchk), "replays a proof in the kernel", "", needed=True)
    yield Part("library", True, str(toolchain.library), "the standard library", "", needed=True)


def _session(toolchain: RocqToolchain) -> Part:
    purpose = "searches for proofs"
    try:
        with Rocq(toolchain) as assistant:
            session = assistant.open(_TRIAL)
            result = session.apply(session.root, _TRIAL_TACTIC, 10.0)
            closed = isinstance(result, Step) and session.finish(result.after) is None
            session.close()
    except AssistantError as error:
        return Part("session", False, str(error), purpose, INSTALL, needed=True)
    seen = "proved a trial lemma" if closed else f"did not prove a trial lemma: {result}"
    return Part("session", closed, seen, purpose, "" if closed else INSTALL, needed=True)


def _gate(gate: Gate) -> Part:
    purpose = "decides what is proved"
    reference = f"{_TRIAL.statement}\nProof.\nAdmitted.\n".encode()
    candidate = f"{_TRIAL.statement}\nProof.\n  {_TRIAL_TACTIC}.\nQed.\n".encode()
    try:
        good = gate.check(reference, candidate, _TRIAL.name, FileSettings("Trial"))
        bad = gate.check(reference, reference, _TRIAL.name, FileSettings("Trial"))
    except AssistantError as error:
        return Part("gate", False, str(error), purpose, INSTALL, needed=True)
    if good.accepted and not bad.accepted:
        seen = f"accepted a trial proof at level {good.level}, refused one that is missing"
        return Part("gate", True, seen, purpose, "", needed=True)
    wrong = f"refused a good proof: {good.reason}" if not good.accepted else "accepted a missing proof"
    return Part("gate", False, wrong, purpose, _REPORT, needed=True)


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


def told(part: Part) -> str:
    """One line for people, and a second one where something can be done."""
    mark = "ok     " if part.works else "MISSING" if part.needed else "without"
    line = f"{mark}  {part.name:<11} {part.seen}"
    if part.works:
        return line
    return (
        f"{line}\n         {'':<11} it {part.purpose}; {part.install}"
        if part.needed
        else (f"{line}\n         {'':<11} for {part.purpose}: {part.install}")
    )
