"""Trials and contests in a toy game: outcomes, costs, the gate's word, and going on where a contest stopped."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from proofloom.assistants.doubles.fake import FakeAssistant, Faults
from proofloom.assistants.executor import InProcess
from proofloom.assistants.rocq.project import FileSettings
from proofloom.assistants.session import AssistantError
from proofloom.evaluation.contest_rows import FOUND, AttemptRow, ContestRows
from proofloom.evaluation.contestant import Contestant
from proofloom.evaluation.proofs.contest import Plan, hold
from proofloom.evaluation.proofs.metering import MeteredEngine, Usage
from proofloom.evaluation.proofs.problems import Posed, Problem
from proofloom.evaluation.proofs.trial import Bench, Proposer, Trial, TrialSettings
from proofloom.models.engine.protocol import Continuation, Decoding
from proofloom.models.engine.text import Asked, Completion
from proofloom.proofs import CheckResult, Finding, Theorem, Verdict

RULES = {"A": {"easy": []}, "B": {"split": ["A", "C"]}, "C": {"hard": []}, "D": {}}
GOOD, POOR = Contestant("good", 0, Path("good")), Contestant("poor", 0, Path("poor"))
PROBLEMS = tuple(Problem(name, Path("f.v"), name, 0) for name in "ABD")


class Writer:
    """Writes the tactics that it knows, one after the other less likely; `seconds` of CPU for each question."""

    name = "writer"

    def __init__(self, tactics: Sequence[str]) -> None:
        self._tactics = tactics
        self.usage = Usage()

    def reset(self) -> None:
        self.usage = Usage()

    def complete(self, asked: Sequence[Asked], n: int) -> list[list[Completion]]:
        written = [Completion(one, (place,), math.log(0.5) - place, True) for place, one in enumerate(self._tactics)]
        self.usage = Usage(self.usage.tokens_read + 7, self.usage.tokens_written + len(written[:n]), 0.25)
        return [written[:n] for _ in asked]


class Gate:
    """Accepts what ends in the tactics that it likes; counts its questions."""

    def __init__(self, finding: Finding = Finding.ACCEPTED) -> None:
        self._finding = finding
        self.asked: list[tuple[bytes, bytes, str]] = []

    def check(self, reference: bytes, candidate: bytes, theorem: str, settings: FileSettings) -> Verdict:
        self.asked.append((reference, candidate, theorem))
        level = 4 if self._finding is Finding.ACCEPTED else 1
        return Verdict(theorem, self._finding, level, "toy", {"all": CheckResult.PASSED})


def posed(problem: Problem) -> Posed:
    if problem.name == "gone":
        raise AssistantError("gone: no such theorem")
    return Posed(
        Theorem(problem.name, problem.name),
        f"{problem.name}. Admitted.".encode(),
        problem.name,
        FileSettings("f"),
        lambda script: f"{problem.name}. {script} Qed.".encode(),
    )


def bench(settings: TrialSettings, gate: Gate, assistant: FakeAssistant | None = None) -> Bench:
    known = {"good": ["hard", "split", "easy"], "poor": ["easy"]}
    assistant = assistant or FakeAssistant(RULES)

    def proposer(contestant: Contestant) -> Proposer:
        writer = Writer(known[contestant.arm])
        return Proposer(writer, writer)

    return Bench(settings, assistant, gate, posed, proposer, assistant.clock)


def test_a_trial_is_a_search_whose_proof_the_gate_has_seen() -> None:
    gate = Gate()
    row = bench(TrialSettings(), gate)(Trial(GOOD, PROBLEMS[1], "best-first", 3))
    assert (row.outcome, row.solved, row.found_at, row.proof) == ("proved", True, 0, ("split", "easy", "hard"))
    assert row.verdict is not None
    assert row.verdict["accepted"] is True
    assert gate.asked == [(b"B. Admitted.", b"B. split.\neasy.\nhard. Qed.", "B")]
    assert (row.tokens_read, row.tokens_written, row.model_seconds) == (21, 9, 0.25)
    assert row.expansions == 3


def test_the_number_of_candidates_is_what_a_state_may_have() -> None:
    one = bench(TrialSettings(), Gate())
    outcomes = {count: one(Trial(GOOD, PROBLEMS[1], "best-first", count)).outcome for count in (1, 2, 3)}
    assert outcomes == {1: "exhausted", 2: "exhausted", 3: "proved"}


def test_rollouts_count_the_one_that_found_the_proof_and_are_the_same_for_all() -> None:
    one = bench(TrialSettings(seed=3), Gate())
    row = one(Trial(GOOD, PROBLEMS[1], "single-pass", 400))
    assert row.outcome == "proved"
    assert 1 <= row.found_at <= 400
    assert one(Trial(GOOD, PROBLEMS[1], "single-pass", row.found_at)).found_at == row.found_at
    if row.found_at > 1:
        assert not one(Trial(GOOD, PROBLEMS[1], "single-pass", row.found_at - 1)).solved
    lost = one(Trial(GOOD, PROBLEMS[2], "single-pass", 5))
    assert (lost.outcome, lost.found_at) == ("out_of_budget", 0)


def test_without_the_gate_nothing_is_called_proved() -> None:
    gate = Gate()
    row = bench(TrialSettings(gate=False), gate)(Trial(GOOD, PROBLEMS[0], "best-first", 4))
    assert (row.outcome, row.solved, row.proof, row.verdict, gate.asked) == (FOUND, True, ("easy",), None, [])
    assert row.tactics == 3


def test_what_the_gate_refuses_is_rejected_and_what_does_not_load_is_unsupported() -> None:
    refusing = bench(TrialSettings(), Gate(Finding.FORBIDDEN_AXIOM))
    row = refusing(Trial(GOOD, PROBLEMS[0], "best-first", 4))
    assert (row.outcome, row.solved) == ("rejected", False)
    row = refusing(Trial(GOOD, replace(PROBLEMS[0], name="gone"), "best-first", 4))
    assert (row.outcome, row.reason) == ("unsupported", "gone: no such theorem")


def test_the_gate_sees_a_script_once_whoever_finds_it() -> None:
    gate = Gate()
    one = bench(TrialSettings(), gate)
    for contestant in (GOOD, POOR):
        assert one(Trial(contestant, PROBLEMS[0], "best-first", 4)).outcome == "proved"
    assert len(gate.asked) == 1


def test_expansions_are_a_budget() -> None:
    row = bench(TrialSettings(expansions=1), Gate())(Trial(GOOD, PROBLEMS[1], "best-first", 4))
    assert (row.outcome, row.expansions) == ("out_of_budget", 1)


class Counter:
    """An engine of two words; each question takes a second of CPU."""

    name = "counter"

    def __init__(self, assistant: FakeAssistant) -> None:
        self._clock = assistant.clock

    def generate(self, prompts: Sequence[Sequence[int]], n: int, decoding: Decoding) -> list[list[Continuation]]:
        self._clock.advance(1.0, 1.0)
        return [[Continuation((1, 2), -0.5, True), Continuation((3,), -1.0, False)][:n] for _ in prompts]


def test_a_meter_counts_tokens_with_their_ends_and_seconds() -> None:
    assistant = FakeAssistant(RULES)
    meter = MeteredEngine(Counter(assistant), assistant.clock)
    meter.generate([[1, 2, 3], [4]], 2, Decoding())
    meter.generate([[1]], 1, Decoding())
    assert meter.usage == Usage(5, 2 * (3 + 1) + 3, 2.0)
    meter.reset()
    assert meter.usage == Usage()


PLAN = Plan((POOR, GOOD), PROBLEMS, ("best-first", "single-pass"), (1, 3))


def held(rows: ContestRows, around: Callable[[Bench], Any] = lambda one: one, plan: Plan = PLAN) -> list[str]:
    @contextmanager
    def opening() -> Iterator[Any]:
        yield around(bench(TrialSettings(), Gate()))

    said: list[str] = []
    hold(plan, rows, InProcess(), opening, FakeAssistant(RULES).clock, lambda: 5.0, said.append)
    return said


def test_single_pass_is_made_once_and_problems_come_one_after_the_other() -> None:
    trials = list(PLAN.trials())
    assert len(trials) == 3 * (2 + 1) * 2
    assert [trial.problem.name for trial in trials] == ["A"] * 6 + ["B"] * 6 + ["D"] * 6
    assert {trial.candidates for trial in trials if trial.strategy == "single-pass"} == {3}
    assert [trial.contestant.name for trial in trials[:2]] == ["poor/0", "good/0"]


def test_a_contest_goes_on_where_it_stopped_and_takes_more(tmp_path: Path) -> None:
    made: list[Trial] = []

    def stopping(one: Bench) -> Callable[[Trial], AttemptRow]:
        def trial(wanted: Trial) -> AttemptRow:
            made.append(wanted)
            if len(made) == 6:
                raise KeyboardInterrupt
            return one(wanted)

        return trial

    with ContestRows(tmp_path / "rows.sqlite") as rows:
        with pytest.raises(KeyboardInterrupt):
            held(rows, stopping)
        assert len(rows.attempts()) == 5
        made.clear()
        made.extend([PLAN_FIRST] * 6)
        said = held(rows, stopping)
        assert len(made) - 6 == 18 - 5
        assert "18 of 18 attempts" in said[-1]
        before = rows.attempts()
        held(rows, stopping, replace(PLAN, candidates=(1, 2, 3)))
        assert len(rows.attempts()) == 18 + 3 * 2
        assert rows.attempts()[:18] == before
        assert json.loads(json.dumps(before[-1].verdict)) == before[-1].verdict


PLAN_FIRST = next(PLAN.trials())


def test_a_crash_is_a_row_and_is_tried_again_another_time(tmp_path: Path) -> None:
    def broken(one: Bench) -> Callable[[Trial], AttemptRow]:
        def trial(wanted: Trial) -> AttemptRow:
            if wanted.contestant == GOOD:
                raise RuntimeError("out of memory")
            return one(wanted)

        return trial

    plan = replace(PLAN, problems=PROBLEMS[:1], strategies=("best-first",), candidates=(3,))
    with ContestRows(tmp_path / "rows.sqlite") as rows:
        held(rows, broken, plan)
        assert [row.outcome for row in rows.attempts()] == ["proved", "crashed"]
        assert "RuntimeError: out of memory" in rows.attempts()[1].reason
        held(rows, plan=plan)
        assert [row.outcome for row in rows.attempts()] == ["proved", "crashed", "proved"]


def test_no_contestant_pays_alone_for_what_stands_before_a_theorem() -> None:
    class Slow(FakeAssistant):
        """The first opening of a theorem takes a second of CPU."""

        def open(self, theorem: Theorem) -> Any:
            if theorem.name not in seen:
                self.clock.advance(1.0, 1.0)
            seen.add(theorem.name)
            return super().open(theorem)

    seen: set[str] = set()
    one = bench(TrialSettings(), Gate(), Slow(RULES))
    rows = [one(Trial(contestant, problem, "best-first", 2)) for problem in PROBLEMS for contestant in (POOR, GOOD)]
    assert [row.cpu_seconds for row in rows] == [0.0] * 6


def test_a_lost_session_is_a_crash_of_the_attempt() -> None:
    assistant = FakeAssistant(RULES, faults=Faults(crashes={"easy": 2}))
    row = bench(TrialSettings(), Gate(), assistant)(Trial(POOR, PROBLEMS[0], "best-first", 1))
    assert row.outcome == "crashed"
