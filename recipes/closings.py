"""Which automation ends the goal, at each state of people's proofs?  Pairs for `proofloom train --closings FILE`.

    python recipes/closings.py --db DB [--split figures] [--theorems N] [--jobs 1] --out FILE

Theorems of the training part are drawn by the seed, opened at their places, and proved again sentence by
sentence; at each state the closing tactics of the list (`list`) are run in its order until one ends the first goal.
Where people ran the same tactic, nothing is kept.  What is in FILE is not done again, so the same command goes on
after Ctrl-C, and a larger N adds to it.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from proofloom.assistants.executor import Crash, Done, InProcess, LocalProcesses
from proofloom.assistants.rocq.session import Rocq, RocqSession
from proofloom.assistants.rocq.source import Source
from proofloom.assistants.rocq.toolchain import find_toolchain
from proofloom.assistants.session import AssistantError
from proofloom.corpus.library import Library
from proofloom.corpus.storage.database import LibraryError
from proofloom.evaluation.held_out import HeldOut, Sample, held_out
from proofloom.evaluation.proofs.problems import Problem, library_problems, proof_near
from proofloom.policies.tactic_lists.rocq import CLOSERS
from proofloom.proofs import ProofState, Step
from proofloom.training.closings import TheoremClosings, add_closings, read_closings

LEAST_SCORE = -4.0
"""The list's dearer closers are not run: they take longest where they fail, and seldom end a goal."""
TACTIC_SECONDS = 0.2
"""A closer that takes longer would not be worth its place in a search."""
SENTENCE_SECONDS = 20.0
BULLET = re.compile(r"[-+*]+|[{}]")


@dataclass(frozen=True)
class Task:
    """One theorem, as a problem and as an entry of the library."""

    problem: Problem
    theorem: HeldOut
    split: str


class Opening:
    """What a worker process needs: Rocq, and the source that it is in."""

    @contextmanager
    def __call__(self) -> Iterator[Callable[[Task], TheoremClosings]]:
        toolchain = find_toolchain()
        read = lru_cache(maxsize=1)(Source.read)
        version = ".".join(map(str, toolchain.version))
        with Rocq(toolchain) as rocq:
            yield lambda task: closings_of(task, rocq, read(task.problem.file), f"Coq {version}")


def closings_of(task: Task, rocq: Rocq, source: Source, assistant: str) -> TheoremClosings:
    """What ends the goals of one proof; a theorem that cannot be opened has none."""
    entry = task.theorem.theorem
    place = (task.theorem.file.logical_name, entry.full_name, entry.start, task.split, assistant)
    try:
        proof = proof_near(source, task.problem.theorem, task.problem.start)  # that of an obligation has no place
        session = rocq.open(source.restated(proof))
    except AssistantError:
        return TheoremClosings(*place, 0, 0.0, ())
    found: list[tuple[str, str]] = []
    tried = 0
    try:
        for state, sentence in replayed(session, proof.tactics):
            tried += 1
            tactic = first_closer(session, state)
            if tactic is not None and f"{tactic}." != sentence:
                found.append((state.text, tactic))
    except AssistantError:
        pass  # Rocq is gone; what it has said stands
    finally:
        seconds = session.cpu_seconds
        session.close()
    return TheoremClosings(*place, tried, round(seconds, 3), tuple(found))


def replayed(session: RocqSession, tactics: Iterable[str]) -> Iterator[tuple[ProofState, str]]:
    """The states of a proof that have goals, each once, and what is said there."""
    state, seen = session.root, set[str]()
    for sentence in tactics:
        if state.goals and state.text not in seen and not BULLET.fullmatch(sentence):
            seen.add(state.text)
            yield state, sentence
        step = session.play(state, sentence, SENTENCE_SECONDS)
        if not isinstance(step, Step):
            return
        state = step.after


def first_closer(session: RocqSession, state: ProofState) -> str | None:
    """The first closing tactic that ends the first goal and leaves the others as they are."""
    for score, tactic in CLOSERS:
        if score < LEAST_SCORE:
            continue
        done = session.apply(state, tactic, TACTIC_SECONDS)
        if isinstance(done, Step) and len(done.after.goals) == len(state.goals) - 1:
            return tactic
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--db", required=True, help="the traced library, with a split")
    parser.add_argument("--split", default="figures", help="take theorems of its training part (default figures)")
    parser.add_argument("--theorems", type=int, default=None, metavar="N", help="at most so many (default all)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes (default 1)")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="where the closings are added")
    options = parser.parse_args()
    try:
        run(options)
    except KeyboardInterrupt:
        sys.exit(f"interrupted; the same command goes on from what is in {options.out}")
    except (AssistantError, LibraryError) as error:
        sys.exit(str(error))


def run(options: argparse.Namespace) -> None:
    """Do what is not in the file yet, and say how it goes."""
    toolchain = find_toolchain()
    with Library.open(options.db, create=False) as library:
        entry = library.split(options.split)
        split = f"{entry.name}@{entry.version}"
        theorems = held_out(library, Sample(split, ("train",), options.theorems, options.seed))
    found = read_closings(options.out) if options.out.exists() else []
    there = {one.place for one in found}
    tasks = [
        Task(problem, theorem, split)
        for theorem, problem in zip(theorems, library_problems(theorems, toolchain), strict=True)
        if theorem.steps and (theorem.file.logical_name, theorem.theorem.full_name, theorem.theorem.start) not in there
    ]
    tasks.sort(key=lambda task: task.problem.file)  # one after the other in a file, because opening one costs
    started, crashes = time.monotonic(), 0
    executor = LocalProcesses(options.jobs) if options.jobs > 1 else InProcess()
    with closing(executor.map(Opening(), tasks)) as events:
        for event in events:
            if isinstance(event, Done):
                add_closings(options.out, event.value)
                found.append(event.value)
            elif isinstance(event, Crash):
                crashes += 1
                print(f"{event.task.theorem.name}: {event.reason}", file=sys.stderr)
            done = len(found) - len(there) + crashes
            if not isinstance(event, Done) or done % 100:
                continue
            left = (time.monotonic() - started) / done * (len(tasks) - done)
            print(f"{done} of {len(tasks)} theorems, {left / 60:.0f} min left", file=sys.stderr)
    tactics = Counter(tactic for one in found for _, tactic in one.closings)
    print(f"{options.out}: {len(found)} theorems, {sum(one.tried for one in found):,} states, "
          f"{tactics.total():,} of them ended by automation where people did something else, "
          f"{sum(one.seconds for one in found):.0f} CPU seconds of Rocq, {crashes} failed")  # fmt: skip
    for tactic, count in tactics.most_common():
        print(f"  {count:6,}  {tactic}")


if __name__ == "__main__":
    main()
