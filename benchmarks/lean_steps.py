"""Trials per second of a Lean session, beside the bare protocol: the same edits, sent by a client that only waits.

The session searches small theorems: random states, at each the tactics of the fixed list.  The bare client then sends
the very texts that the session sent to another worker of Lean's language server and reads each answer as JSON, without
making goals of it.  They take turns, theorem by theorem, so that a busy machine is busy for both.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proofloom.assistants.lean import wire
from proofloom.assistants.lean.moves import moves
from proofloom.assistants.lean.process import LeanWorker
from proofloom.assistants.lean.session import Lean
from proofloom.assistants.lean.toolchain import LeanSettings, LeanToolchain, find_lean
from proofloom.assistants.processes import cpu_seconds
from proofloom.evaluation.measuring.figures import Figures, arguments
from proofloom.proofs import Step, Theorem

sys.path += [str(Path(__file__).parents[1] / place) for place in ("tools/small_lean", "tests/lean")]
from small_lean import HEADER, install, unavailable
from small_theorems import THEOREMS

TRIALS_PER_THEOREM = 100
TACTICS_PER_STATE = 16


@dataclass
class Tally:
    """What one client did: trials, those that Lean accepted, wall seconds, CPU seconds of this program and of Lean."""

    trials: int = 0
    successes: int = 0
    wall: float = 0.0
    python_cpu: float = 0.0
    lean_cpu: float = 0.0

    @property
    def per_cpu_second(self) -> float:
        """Trials per CPU second of both programs: what a busy machine leaves as it is."""
        return self.trials / (self.lean_cpu + self.python_cpu)


class _Telling(LeanWorker):
    """A worker that keeps the texts that it was given."""

    def check(self, text: str, seconds: float) -> tuple[wire.Diagnostic, ...]:
        texts.append(text)
        return super().check(text, seconds)


class _TellingLean(Lean):
    def start(self, settings: LeanSettings) -> LeanWorker:
        return _Telling(self.toolchain, settings, self.limits.worker)


texts: list[str] = []


class Bare:
    """The protocol and nothing else: one edit, one request for all that is said about it, every answer read as JSON."""

    def __init__(self, toolchain: LeanToolchain, folder: Path) -> None:
        self._uri = (folder / "Bare.lean").as_uri()
        command = [toolchain.lean, "--worker", "-Dserver.reportDelayMs=0", self._uri]
        self._lean = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._version = 0

    def check(self, text: str) -> list[dict[str, Any]]:
        """The diagnostics of `text`."""
        assert self._lean.stdin is not None and self._lean.stdout is not None
        self._version += 1
        if self._version == 1:
            calls = wire.initialize() + wire.did_open(self._uri, 1, text)
        else:
            calls = wire.did_change(self._uri, self._version, text)
        self._lean.stdin.write(calls + wire.wait(self._uri, self._version))
        self._lean.stdin.flush()
        said: list[dict[str, Any]] = []
        while True:
            length = 0
            while line := self._lean.stdout.readline().strip():
                name, _, value = line.partition(b": ")
                length = int(value) if name == b"Content-Length" else length
            message = json.loads(self._lean.stdout.read(length))
            if message.get("method") == "textDocument/publishDiagnostics":
                said = message["params"]["diagnostics"]
            elif message.get("id") == self._version and "method" not in message:
                return said

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds of Lean so far."""
        return cpu_seconds(self._lean.pid)

    def close(self) -> None:
        """End the worker."""
        self._lean.kill()
        self._lean.communicate()


def search(session: Any, trials: int, generator: random.Random, tally: Tally) -> None:
    """Expand random states of one theorem until `trials` tactics have been run."""
    states, seen, left = [session.root], {session.root.text}, trials
    while left:
        state = states.pop(generator.randrange(len(states))) if states else session.root
        for tactic in list(dict.fromkeys(moves(state.goals[0])))[: min(TACTICS_PER_STATE, left)]:
            result = session.apply(state, tactic, 10.0)
            left -= 1
            tally.trials += 1
            if isinstance(result, Step):
                tally.successes += 1
                if result.after.goals and result.after.text not in seen:
                    seen.add(result.after.text)
                    states.append(result.after)


def run(toolchain: LeanToolchain, folder: Path, statements: Sequence[str], seed: int) -> tuple[Tally, Tally]:
    """What the session and the bare client did, on the same texts."""
    ours, bare = Tally(), Tally()
    for number, statement in enumerate(statements):
        theorem = Theorem("t", f"theorem t {statement} := by", before=HEADER, file=folder / "Bench.lean", ending="")
        with _TellingLean(toolchain) as assistant:
            session = assistant.open(theorem)
            texts.clear()
            cpu, own, wall = session.cpu_seconds, time.process_time(), time.perf_counter()
            search(session, TRIALS_PER_THEOREM, random.Random(f"{seed}:{number}"), ours)
            ours.wall += time.perf_counter() - wall
            ours.python_cpu += time.process_time() - own
            ours.lean_cpu += session.cpu_seconds - cpu
            session.close()
        client = Bare(toolchain, folder)
        client.check(theorem.before + theorem.statement + "\n  skip\n")
        cpu, own, wall = client.cpu_seconds, time.process_time(), time.perf_counter()
        for text in texts:
            bare.successes += not client.check(text)
        bare.trials += len(texts)
        bare.wall += time.perf_counter() - wall
        bare.python_cpu += time.process_time() - own
        bare.lean_cpu += client.cpu_seconds - cpu
        client.close()
    return ours, bare


def main() -> None:
    parser = arguments(__doc__.splitlines()[0])
    options = parser.parse_args()
    if (reason := unavailable()) is not None:
        parser.exit(0, f"not measured: {reason}\n")
    figures = Figures("lean_steps", quiet=options.json)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place).resolve()
        program = install(folder)
        toolchain = find_lean(lambda name: str(program) if name == "lean" else None)
        chosen = THEOREMS[::6] if options.quick else THEOREMS
        ours, bare = run(toolchain, folder, chosen, options.seed)
    for name, tally in (("session", ours), ("bare", bare)):
        figures.say(
            f"{name:8} {tally.trials} trials, {tally.trials / tally.wall:6.0f}/s wall, "
            f"{tally.per_cpu_second:6.0f} per CPU second, "
            f"Python {1000 * tally.python_cpu / tally.trials:.2f} ms a trial"
        )
        for key in ("trials", "successes", "wall", "python_cpu", "lean_cpu"):
            figures.figure(f"{name}_{key}", round(getattr(tally, key), 3))
    figures.figure("lean", toolchain.name)
    for name, tally in (("session", ours), ("bare", bare)):
        figures.figure(f"{name}_per_cpu_second", round(tally.per_cpu_second, 1))
    figures.figure("bare_trials_per_second", round(bare.trials / bare.wall, 1))
    figures.figure("load", round(os.getloadavg()[0], 1))
    rates = [tally.trials / tally.wall for tally in (ours, bare)]
    figures.goal("trials_per_second", round(rates[0], 1), 180)
    figures.goal("share_of_the_bare_protocol", round(rates[0] / rates[1], 3), 0.8)
    figures.finish(options.out)


if __name__ == "__main__":
    main()
