"""Trials per CPU second of a Rocq session, beside a plain client that sends the file sentence by sentence.

Both run the same search: lemmas of one library file, nodes expanded in random order, at each node tactics drawn from
the file's own proofs, duplicate states expanded once.  The plain client sends every sentence before the lemma as a call
of its own and makes each trial three calls (add, goal, back); both talk to the same kind of process.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from proofloom.assistants.rocq.process import ProcessLimits, RocqProcess
from proofloom.assistants.rocq.project import settings_for
from proofloom.assistants.rocq.sentences import split
from proofloom.assistants.rocq.session import Rocq
from proofloom.assistants.rocq.source import Source
from proofloom.assistants.rocq.tactics import NotATactic, tactic_sentence
from proofloom.assistants.rocq.toolchain import RocqToolchain, find_toolchain
from proofloom.assistants.rocq.wire import GOAL, Answer, GoalReader, add, edit_at
from proofloom.evaluation.measuring.figures import Figures, arguments
from proofloom.proofs import ProofState, Step, Theorem

TACTICS_PER_NODE = 16
TRIALS_PER_LEMMA = 196


@dataclass
class Tally:
    """What one client did: trials, successes, CPU seconds of Rocq and of this program, wall seconds."""

    trials: int = 0
    successes: int = 0
    rocq_cpu: float = 0.0
    python_cpu: float = 0.0
    wall: float = 0.0


class Client(Protocol):
    """What the search needs of a client."""

    def open(self, theorem: Theorem) -> ProofState: ...
    def apply(self, state: ProofState, tactic: str) -> ProofState | None: ...
    def cpu(self) -> float: ...


class SessionClient:
    """Proofloom's session."""

    def __init__(self, toolchain: RocqToolchain) -> None:
        self._rocq = Rocq(toolchain)
        self._cpu = 0.0

    def open(self, theorem: Theorem) -> ProofState:
        self.close_session()
        self._session = self._rocq.open(theorem)
        return self._session.root

    def apply(self, state: ProofState, tactic: str) -> ProofState | None:
        result = self._session.apply(state, tactic, 1.0)
        return result.after if isinstance(result, Step) else None

    def cpu(self) -> float:
        return self._session.cpu_seconds

    def close_session(self) -> None:
        if hasattr(self, "_session"):
            self._session.close()


class PlainClient:
    """Sentence by sentence, one call at a time; goes back to an ancestor and replays, as it must."""

    def __init__(self, toolchain: RocqToolchain) -> None:
        self._toolchain = toolchain
        self._process: RocqProcess | None = None
        self._sent = b""

    def open(self, theorem: Theorem) -> ProofState:
        before = theorem.before.encode()
        if self._process is None or not before.startswith(self._sent):
            assert theorem.file is not None
            settings = settings_for(theorem.file, self._toolchain)
            self._process = RocqProcess(self._toolchain, settings, ProcessLimits())
            self._tip, self._sent = 1, b""
        else:
            self._call(edit_at(self._base))
            self._tip = self._base
        self._reader = GoalReader()
        for sentence in split(before[len(self._sent) :]):
            self._step(sentence.code)
        self._sent, self._base = before, self._tip
        self._opened = self._process.cpu_seconds
        for sentence in (theorem.statement, *theorem.opening):
            state = self._step(sentence)
        assert state is not None
        self._paths: dict[ProofState, tuple[str, ...]] = {state: ()}
        self._line = [((), self._tip)]
        return state

    def apply(self, state: ProofState, tactic: str) -> ProofState | None:
        try:
            sentence = tactic_sentence(tactic)
        except NotATactic:
            return None
        path = self._paths[state]
        while self._line[-1][0] != path[: len(self._line[-1][0])]:
            self._line.pop()
        if self._tip != self._line[-1][1]:
            self._call(edit_at(self._line[-1][1]))
            self._tip = self._line[-1][1]
        for known in path[len(self._line[-1][0]) :]:
            self._step(known)
            self._line.append(((*self._line[-1][0], known), self._tip))
        on = self._tip
        after = self._step(f"Timeout 1 {sentence}")
        if after is None:
            if self._tip != on:
                self._call(edit_at(on))
                self._tip = on
            return None
        self._paths.setdefault(after, (*path, sentence))
        self._line.append(((*path, sentence), self._tip))
        return after

    def cpu(self) -> float:
        assert self._process is not None
        return self._process.cpu_seconds - self._opened

    def _step(self, sentence: str) -> ProofState | None:
        added = self._call(add(sentence, self._tip))
        if not added.good:
            return None
        self._tip = added.state_id
        goals = self._call(GOAL)
        read = self._reader.read(goals) if goals.good else None
        return read[0] if read else None

    def _call(self, call: bytes) -> Answer:
        assert self._process is not None
        return self._process.exchange(call, 1, 60.0)[0]


def search(client: Client, theorem: Theorem, tactics: list[str], seed: int, trials: int, tally: Tally) -> None:
    """Expand random nodes of one lemma until `trials` tactics have been run."""
    generator = random.Random(f"{seed}:{theorem.name}")
    root = client.open(theorem)
    cpu, own, wall = client.cpu(), time.process_time(), time.perf_counter()
    open_states, seen = [root], {root}
    left = trials
    while left:
        state = open_states.pop(generator.randrange(len(open_states))) if open_states else root
        for tactic in generator.sample(tactics, min(TACTICS_PER_NODE, left)):
            after = client.apply(state, tactic)
            left -= 1
            tally.trials += 1
            if after is not None:
                tally.successes += 1
                if after.goals and after not in seen:
                    seen.add(after)
                    open_states.append(after)
    tally.rocq_cpu += client.cpu() - cpu
    tally.python_cpu += time.process_time() - own
    tally.wall += time.perf_counter() - wall


def main() -> None:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--lemmas", type=int, default=20, help="how many lemmas (default 20)")
    options = parser.parse_args()
    figures = Figures("rocq_steps", quiet=options.json)
    toolchain = find_toolchain()
    source = Source.read(toolchain.standard_folder / "Lists" / "List.v")
    count = 6 if options.quick else options.lemmas
    chosen = random.Random(options.seed).sample([p for p in source.proofs if p.ending == "Qed."], count)
    chosen.sort(key=lambda proof: proof.start)
    tactics = [tactic for proof in source.proofs for tactic in proof.tactics if tactic.endswith(".")]
    makers: dict[str, Callable[[RocqToolchain], Client]] = {"session": SessionClient, "plain": PlainClient}
    tallies = {name: Tally() for name in makers}
    for name, make in makers.items():
        client = make(toolchain)
        for proof in chosen:
            search(client, source.restated(proof), tactics, options.seed, TRIALS_PER_LEMMA, tallies[name])
        done = tallies[name]
        per_cpu, per_second = done.trials / done.rocq_cpu, done.trials / done.wall
        figures.say(
            f"{name:8} {done.trials} trials, {done.successes} succeed, {per_cpu:6.0f} per CPU second of Rocq, "
            f"{per_second:6.0f}/s wall, Python {done.python_cpu / done.rocq_cpu:.2f} of Rocq's CPU"
        )
        for key in ("trials", "successes", "rocq_cpu", "python_cpu", "wall"):
            figures.figure(f"{name}_{key}", round(getattr(done, key), 3))
    rates = {name: tally.trials / tally.rocq_cpu for name, tally in tallies.items()}
    ours = tallies["session"]
    figures.figure("plain_trials_per_cpu_second", round(rates["plain"], 1))
    figures.goal("trials_per_cpu_second", round(rates["session"], 1), 1700)
    figures.goal("times_the_plain_client", round(rates["session"] / rates["plain"], 2), 4)
    figures.goal("python_cpu_over_rocq_cpu", round(ours.python_cpu / ours.rocq_cpu, 3), 0.5, better="lower")
    figures.finish(options.out)


if __name__ == "__main__":
    main()
