"""One theorem from search to verdict, in the toy game."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from stand_ins import FILE, RULES, StandInGate, TacticsOf

from proofloom.app.proving.prover import Prover, Task, digest
from proofloom.app.proving.settings import ProveSettings
from proofloom.assistants.doubles.fake import FakeAssistant, FakeSession, Faults, ManualClock
from proofloom.assistants.rocq.project import FileSettings
from proofloom.assistants.session import AssistantError
from proofloom.proofs import Budget, Finding, Outcome, ProofState, Step, Theorem, Verdict


class AcceptingGate(StandInGate):
    """Accepts whatever it is shown."""

    def check(self, reference: bytes, candidate: bytes, theorem: str, settings: object) -> Verdict:
        return Verdict(theorem, Finding.ACCEPTED, 4, "for the test only", {})


def task(theorem: str, data: bytes = FILE) -> Task:
    return Task(Path("F.v"), data, data, FileSettings("F"), theorem)


def prover(gate: StandInGate, assistant: FakeAssistant | None = None, budget: Budget | None = None) -> Prover:
    settings = ProveSettings(budget=budget or Budget())
    assistant = assistant or FakeAssistant(RULES)
    return Prover(settings, assistant, gate, TacticsOf(), clock=assistant.clock)


def test_a_proof_is_put_into_the_file_and_judged() -> None:
    gate = StandInGate()
    tried = prover(gate)(task("a"))
    assert (tried.attempt.outcome, tried.attempt.proof, tried.attempt.scripts) == (
        Outcome.PROVED,
        ("easy",),
        ("easy.",),
    )
    ((theorem, candidate),) = gate.asked
    assert (theorem, tried.candidate) == ("a", digest(candidate))
    assert candidate == FILE.replace(b"Proof.\nAdmitted.", b"Proof.\n  easy.\nQed.", 1)


def test_a_lemma_found_before_stands_in_the_next_candidate() -> None:
    gate = StandInGate()
    tries = prover(gate)
    assert tries(task("a")).attempt.outcome is Outcome.PROVED
    second = tries(task("b"))
    assert second.attempt.proof == ("by a",)
    assert b"easy.\nQed." in gate.asked[-1][1] and b"by a.\nQed." in gate.asked[-1][1]


def test_a_lemma_that_is_still_admitted_is_not_used_silently() -> None:
    tried = prover(StandInGate())(task("b"))
    assert (tried.attempt.outcome, tried.attempt.proof) == (Outcome.PROVED, ("split", "one", "two"))
    only = {**RULES, "Lemma b : B.": {"by a": []}}
    tried = prover(StandInGate(), FakeAssistant(only))(task("b"))
    assert (tried.attempt.outcome, tried.attempt.proof) == (Outcome.REJECTED, ("by a",))
    assert tried.attempt.verdict is not None and tried.attempt.verdict.finding is Finding.INCOMPLETE
    assert tried.attempt.scripts == ("by a.",)


def test_the_plain_script_is_shown_if_the_pretty_one_does_not_compile() -> None:
    def no_bullets(theorem: str, candidate: bytes) -> Finding | None:
        return Finding.INCOMPLETE if b"- " in candidate else None

    class Compiling(StandInGate):
        def check(self, *question: object) -> object:
            verdict = super().check(*question)  # type: ignore[arg-type]
            return verdict if verdict.accepted else type(verdict)(verdict.theorem, verdict.finding, 0, "no", {})

    gate = Compiling(no_bullets)
    tried = prover(gate, FakeAssistant({**RULES, "Lemma b : B.": {"split": ["B1", "B2"]}}))(task("b"))
    assert tried.attempt.scripts == ("split.\none.\ntwo.",)
    assert len(gate.asked) == 2 and b"- one." in gate.asked[0][1]


def test_a_policy_learns_from_what_the_gate_accepted_and_from_nothing_else() -> None:
    class Learning(TacticsOf):
        def __init__(self) -> None:
            self.learned: list[tuple[str, list[str]]] = []

        def learn(self, theorem: Theorem, steps: Sequence[Step]) -> None:
            self.learned.append((theorem.full_name, [step.tactic for step in steps]))

    def refuse_b(theorem: str, candidate: bytes) -> Finding | None:
        return Finding.INCOMPLETE if theorem == "b" else None

    policy, assistant = Learning(), FakeAssistant(RULES)
    tries = Prover(ProveSettings(), assistant, StandInGate(refuse_b), policy, clock=assistant.clock)
    assert tries(task("a")).attempt.outcome is Outcome.PROVED
    assert tries(task("b")).attempt.outcome is Outcome.REJECTED
    assert policy.learned == [("a", ["easy"])]


GAPS = b"Lemma b : B.\nProof.\n  split.\n  - admit.\n  - admit.\nAdmitted.\n"


class Gapped(FakeAssistant):
    """Opens the gaps of `GAPS`: the goal behind the first bullet is `B1`, behind the second `B2`, then none is left."""

    def open(self, theorem: Theorem) -> FakeSession:
        if theorem.ending != "}":
            return _Finished(self, Theorem("b", "B1"))
        return super().open(Theorem("b", f"B{theorem.opening.count('-')}"))


class _Finished(FakeSession):
    """A session whose root has no goals."""

    @property
    def root(self) -> ProofState:
        return self._new((), ())


def test_gaps_are_searched_in_turn_and_judged_once() -> None:
    gate = StandInGate()
    assistant = Gapped({"B1": {"one": []}, "B2": {"two": []}})
    attempt = prover(gate, assistant)(task("b", GAPS)).attempt
    assert (attempt.outcome, attempt.proof) == (Outcome.PROVED, ("one", "two"))
    assert attempt.scripts == ("one.", "two.", "")
    assert attempt.spend.tactics == len(assistant.applied)
    ((_, candidate),) = gate.asked
    assert candidate == b"Lemma b : B.\nProof.\n  split.\n  - one.\n  - two.\nQed.\n"


def test_the_gap_that_cannot_be_filled_is_named() -> None:
    gate = StandInGate()
    attempt = prover(gate, Gapped({"B1": {"one": []}, "B2": {}}))(task("b", GAPS)).attempt
    assert (attempt.outcome, attempt.proof, attempt.scripts) == (Outcome.EXHAUSTED, None, ())
    assert attempt.reason.startswith("gap 2 of 3: nothing is left to try")
    assert gate.asked == []


def test_the_gaps_share_one_budget() -> None:
    assistant = Gapped({"B1": {"one": []}, "B2": {"two": []}}, faults=Faults(seconds={"one": 6.0}), tactic_seconds=1.0)
    settings = ProveSettings(budget=Budget(seconds=10, tactic_seconds=8))
    attempt = Prover(settings, assistant, StandInGate(), TacticsOf(), clock=assistant.clock)(task("b", GAPS)).attempt
    assert (attempt.outcome, attempt.theorem) == (Outcome.OUT_OF_BUDGET, "b")
    assert 10 <= attempt.spend.seconds <= 11


def test_slow_imports_are_loaded_before_the_clock_starts() -> None:
    class Slow(FakeAssistant):
        def open(self, theorem: Theorem) -> FakeSession:
            if not self.opened:
                self.clock.advance(50.0)
            return super().open(theorem)

    assistant = Slow({"theorem a : A := by": {"easy": []}, "theorem b : B := by": {"easy": []}}, clock=ManualClock())
    data = b"theorem a : A := sorry\ntheorem b : B := sorry\n"
    tries = prover(AcceptingGate(), assistant, Budget(seconds=20))
    for number, theorem in enumerate("ab"):
        attempt = tries(Task(Path("F.lean"), data, data, None, theorem)).attempt
        assert (attempt.outcome, assistant.opened) == (Outcome.PROVED, 2 + number)
        assert attempt.spend.seconds < 20


def test_a_hole_that_cannot_be_handled_says_so() -> None:
    data = b"Section S.\nLet a : A.\nProof. Admitted.\nEnd S.\n"
    attempt = prover(StandInGate())(task("a", data)).attempt
    assert attempt.outcome is Outcome.UNSUPPORTED and "Let" in attempt.reason


def test_a_source_that_does_not_load_is_unsupported() -> None:
    assistant = FakeAssistant(RULES, faults=Faults(opening=[AssistantError("line 3: no")]))
    attempt = prover(StandInGate(), assistant)(task("a")).attempt
    assert (attempt.outcome, attempt.reason) == (Outcome.UNSUPPORTED, "line 3: no")


def test_a_clock_that_stands_still_never_ends_a_search() -> None:
    assistant = FakeAssistant(RULES, clock=ManualClock())
    attempt = prover(StandInGate(), assistant)(task("c")).attempt
    assert attempt.outcome is Outcome.EXHAUSTED
