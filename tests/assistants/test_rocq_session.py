"""The real assistant, and everything that can go wrong with it while a proof is searched."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proofloom.assistants.rocq import session as session_module
from proofloom.assistants.rocq.document import RocqDocument
from proofloom.assistants.rocq.process import ProcessLimits, RocqProcess
from proofloom.assistants.rocq.project import FileSettings
from proofloom.assistants.rocq.session import Rocq, RocqSession, SessionLimits
from proofloom.assistants.rocq.source import Source
from proofloom.assistants.rocq.toolchain import RocqToolchain, find_toolchain
from proofloom.assistants.session import AssistantError, Failure, SessionLost, TacticError
from proofloom.policies.policy import Query
from proofloom.policies.replay import uniform
from proofloom.proofs import Attempt, Budget, CheckResult, Finding, Outcome, ProofState, Step, Theorem, Verdict
from proofloom.search.driver import attempt
from proofloom.search.strategies import BestFirstConfig

pytestmark = pytest.mark.rocq

COMMUTES = Theorem("commutes", "Lemma commutes : forall n m : nat, n + m = m + n.", opening=("Proof.",))
TACTICS = ["intros", "intros n", "induction n", "induction m", "simpl", "auto", "rewrite IHn", "easy", "revert n"]
PRINTS_MEGABYTES = "pose proof I as H; do 15 (pose proof (conj H H) as H2; clear H; rename H2 into H)"


@pytest.fixture(scope="module")
def toolchain() -> RocqToolchain:
    return find_toolchain()


@pytest.fixture(scope="module")
def rocq(toolchain: RocqToolchain) -> Iterator[Rocq]:
    with Rocq(toolchain) as assistant:
        yield assistant


@pytest.fixture
def session(rocq: Rocq) -> Iterator[RocqSession]:
    opened = rocq.open(COMMUTES)
    yield opened
    opened.close()


def step(session: RocqSession, state: ProofState, tactic: str, seconds: float = 10.0) -> Step:
    result = session.apply(state, tactic, seconds)
    assert isinstance(result, Step), result
    return result


def error(session: RocqSession, state: ProofState, tactic: str, seconds: float = 10.0) -> TacticError:
    result = session.apply(state, tactic, seconds)
    assert isinstance(result, TacticError), result
    return result


def still_proves(session: RocqSession) -> bool:
    """The session goes on as if nothing had happened."""
    state = step(session, session.root, "induction n").after
    state = step(session, state, "simpl; auto").after
    state = step(session, state, "intros m; simpl; rewrite IHn; auto").after
    return state.finished and session.finish(state) is None


def test_a_process_that_ends_at_once_says_why(toolchain: RocqToolchain) -> None:
    with pytest.raises(AssistantError, match=r"did not start: Rocq ended unexpectedly: .*-nonsense"):
        RocqProcess(toolchain, FileSettings("A", ("-nonsense",)), ProcessLimits())


def test_goals_are_structured(session: RocqSession) -> None:
    state = step(session, session.root, "induction n as [|k IH]").after
    assert [goal.text for goal in state.goals] == [
        "⊢ forall m : nat, 0 + m = m + 0",
        "k : nat\nIH : forall m : nat, k + m = m + k\n⊢ forall m : nat, S k + m = m + S k",
    ]


def test_a_finished_proof_ends_and_an_open_one_does_not(session: RocqSession) -> None:
    assert still_proves(session)
    refused = session.finish(session.root)
    assert refused is not None and refused.kind is Failure.FAILED


def test_no_goals_is_only_a_hint(session: RocqSession) -> None:
    state = step(session, session.root, "exact_no_check I").after
    assert state.finished
    refused = session.finish(state)
    assert refused is not None and refused.kind is Failure.FAILED


# -- what a search can run into ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "tactic",
    [
        "repeat pose proof I",
        "try (repeat pose proof I)",
        "do 1000 (try (repeat pose proof I))",
        "let rec f n := f n in f 0",
        "let rec f n := first [f (S n) | idtac] in f 0",
    ],
)
@pytest.mark.parametrize("seconds", [0.2, 1.0])
def test_a_hung_tactic_ends_at_its_time_out(session: RocqSession, tactic: str, seconds: float) -> None:
    assert error(session, session.root, tactic, seconds).kind is Failure.TIMEOUT
    assert still_proves(session)


def test_a_stack_overflow_is_a_failure_of_the_tactic(session: RocqSession) -> None:
    assert "tack overflow" in error(session, session.root, "pose (x := 100000); vm_compute in x").message
    assert still_proves(session)


def test_a_state_that_prints_megabytes_is_refused(session: RocqSession) -> None:
    assert error(session, session.root, PRINTS_MEGABYTES).kind is Failure.TOO_LARGE
    assert still_proves(session)


def test_printing_ends_at_the_time_out_too(session: RocqSession) -> None:
    endless = PRINTS_MEGABYTES.replace("15", "22")
    assert error(session, session.root, endless, 0.5).kind in (Failure.TIMEOUT, Failure.TOO_LARGE, Failure.LOST)
    assert still_proves(session)


@pytest.mark.parametrize("tactic", ["pose (x := Nat.pow 2 25); vm_compute in x", PRINTS_MEGABYTES.replace("15", "18")])
def test_the_memory_limit_is_named(toolchain: RocqToolchain, tactic: str) -> None:
    limits = SessionLimits(process=ProcessLimits(memory_mib=400))
    with Rocq(toolchain, limits) as assistant:
        session = assistant.open(COMMUTES)
        assert error(session, session.root, tactic, 30.0).kind is Failure.MEMORY
        assert still_proves(session)
        session.close()


@pytest.mark.parametrize(
    "text",
    [
        "Admitted",
        "Admitted.",
        "Qed",
        "Abort",
        "Axiom cheat : False",
        'Redirect "stolen" Print nat',
        'Load "other"',
        "intros. auto",
        "idtac. Admitted",
        "idtac). Admitted. (idtac",
        "intros) (auto",
        "(intros",
        "admit",
        "try admit",
        "abstract give_up",
        "native_compute",
        "all: intros",
        "1: intros",
        "{ intros",
        "- intros",
        "",
        "(* nothing *)",
        '"unclosed',
        "(* unclosed",
    ],
)
def test_what_is_not_a_plain_tactic_is_refused(session: RocqSession, text: str) -> None:
    assert error(session, session.root, text).kind in (Failure.SYNTAX, Failure.FAILED)
    assert still_proves(session)


# -- processes that die ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(2))
def test_a_search_that_is_killed_again_and_again_finds_the_same(toolchain: RocqToolchain, seed: int) -> None:
    undisturbed, none = searched(toolchain, None)
    killed, deaths = searched(toolchain, random.Random(seed))
    assert (undisturbed.outcome, none) == (Outcome.PROVED, 0)
    assert deaths > 10
    assert killed.outcome is Outcome.PROVED
    assert killed.proof == undisturbed.proof
    assert killed.spend.tactics == undisturbed.spend.tactics


def test_a_session_survives_a_kill_between_two_tactics(session: RocqSession) -> None:
    state = step(session, session.root, "intros").after
    before = session.process_id
    os.kill(before, signal.SIGKILL)
    assert step(session, state, "induction n").before == state
    assert session.process_id != before
    assert still_proves(session)


def test_an_idle_process_that_died_costs_the_next_theorem_nothing(toolchain: RocqToolchain) -> None:
    with Rocq(toolchain) as assistant:
        first = assistant.open(COMMUTES)
        process = first.process_id
        first.close()
        os.kill(process, signal.SIGKILL)
        second = assistant.open(COMMUTES)
        assert second.process_id != process and still_proves(second)
        second.close()


def test_a_process_that_dies_at_every_opening_is_a_crash(
    toolchain: RocqToolchain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not "unsupported": nothing is known about the theorem."""
    killed = []

    class Dying(RocqDocument):
        def load(self, before: str, seconds: float) -> int:
            killed.append(self.process.pid)
            os.kill(self.process.pid, signal.SIGKILL)
            return super().load(before, seconds)

    monkeypatch.setattr(session_module, "RocqDocument", Dying)
    theorem = replace(COMMUTES, before="Definition x := 1.\n")
    with Rocq(toolchain) as assistant:
        with pytest.raises(SessionLost, match="commutes: Rocq ended unexpectedly"):
            assistant.open(theorem)
        assert len(set(killed)) == 2
        done = attempt(theorem, assistant, EveryTactic(), BestFirstConfig().start, Budget(), yes)
    assert done.outcome is Outcome.CRASHED


def test_the_dead_keep_their_cpu_seconds(session: RocqSession) -> None:
    error(session, session.root, "repeat pose proof I", 0.5)
    spent = session.cpu_seconds
    os.kill(session.process_id, signal.SIGKILL)
    step(session, session.root, "intros")
    assert session.cpu_seconds >= spent > 0


class Killer:
    """A session whose process is killed at a random moment of every twentieth tactic."""

    def __init__(self, session: RocqSession, chance: random.Random | None) -> None:
        self._session, self._chance = session, chance
        self._applied = self.deaths = 0

    @property
    def root(self) -> ProofState:
        return self._session.root

    @property
    def cpu_seconds(self) -> float:
        return self._session.cpu_seconds

    def apply(self, state: ProofState, tactic: str, timeout: float) -> Step | TacticError:
        self._applied += 1
        if self._chance is None or self._applied % 20:
            return self._session.apply(state, tactic, timeout)
        pid = self._session.process_id
        timer = threading.Timer(self._chance.uniform(0, 0.004), os.kill, (pid, signal.SIGKILL))
        timer.start()
        self.deaths += 1
        result = self._session.apply(state, tactic, timeout)
        timer.join()
        return result

    def finish(self, state: ProofState) -> TacticError | None:
        return self._session.finish(state)

    def close(self) -> None:
        self._session.close()


class KillingRocq:
    def __init__(self, rocq: Rocq, chance: random.Random | None) -> None:
        self._rocq, self._chance = rocq, chance
        self.sessions: list[Killer] = []

    def open(self, theorem: Theorem) -> Killer:
        self.sessions.append(Killer(self._rocq.open(theorem), self._chance))
        return self.sessions[-1]

    def close(self) -> None:
        self._rocq.close()


class EveryTactic:
    """The same candidates in every state."""

    name = "every"

    def suggest(self, queries: list[Query], n: int) -> list[list[object]]:
        return [uniform(TACTICS)[:n] for _ in queries]


def searched(toolchain: RocqToolchain, chance: random.Random | None) -> tuple[Attempt, int]:
    """A search for `commutes`, and how many kills it lived through."""
    with Rocq(toolchain) as rocq:
        assistant = KillingRocq(rocq, chance)
        done = attempt(
            COMMUTES, assistant, EveryTactic(), BestFirstConfig().start, Budget(seconds=120, tactic_seconds=5), yes
        )
    return done, sum(session.deaths for session in assistant.sessions)


def yes(steps: object) -> Verdict:
    """Stands for the gate, which is not what is tested here."""
    return Verdict("commutes", Finding.ACCEPTED, 4, "", {"stand-in": CheckResult.PASSED})


# -- states as handles ------------------------------------------------------------------------------------------


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 30), st.sampled_from(TACTICS)), min_size=5, max_size=25))
def test_any_order_of_jumps_gives_the_states_of_a_fresh_replay(
    toolchain: RocqToolchain, session: RocqSession, moves: list[tuple[int, str]]
) -> None:
    states, paths = [session.root], [()]
    for place, tactic in moves:
        place %= len(states)
        result = session.apply(states[place], tactic, 10.0)
        if isinstance(result, Step):
            states.append(result.after)
            paths.append((*paths[place], tactic))
    with Rocq(toolchain) as assistant:
        fresh = assistant.open(COMMUTES)
        known = {(): fresh.root}
        for state, path in zip(states, paths, strict=True):
            for length in range(1, len(path) + 1):
                if path[:length] not in known:
                    known[path[:length]] = step(fresh, known[path[: length - 1]], path[length - 1]).after
            assert known[path] == state
        fresh.close()


def test_a_closed_session_and_foreign_handles_are_refused(rocq: Rocq) -> None:
    session = rocq.open(COMMUTES)
    state = step(session, session.root, "intros").after
    session.close()
    session.close()
    with pytest.raises(AssistantError, match="closed"):
        session.apply(state, "auto", 1.0)
    with pytest.raises(AssistantError, match="closed"):
        session.finish(state)
    other = rocq.open(COMMUTES)
    with pytest.raises(AssistantError, match="not of this session"):
        other.apply(ProofState((), handle=99), "auto", 1.0)
    with pytest.raises(AssistantError, match="not of this session"):
        other.apply(ProofState(()), "auto", 1.0)
    other.close()


# -- where a theorem stands ---------------------------------------------------------------------------------------

TWO = b"""Definition double (n : nat) := n + n.
Lemma one : double 1 = 2. Admitted.
Lemma two : double 2 = 4. Admitted.
"""


def test_the_next_theorem_of_a_file_reuses_the_process(rocq: Rocq) -> None:
    source = Source(TWO)
    processes = []
    for hole in source.holes:
        session = rocq.open(source.theorem(hole))
        state = step(session, session.root, "reflexivity").after
        assert session.finish(state) is None
        processes.append(session.process_id)
        session.close()
    assert processes[0] == processes[1]


def test_a_theorem_before_the_last_one_can_be_opened_again(rocq: Rocq) -> None:
    source = Source(TWO)
    for number in (1, 0, 1):
        session = rocq.open(source.theorem(source.holes[number]))
        assert session.root.goals[0].conclusion == ("double 1 = 2", "double 2 = 4")[number]
        session.close()


def test_an_earlier_admitted_lemma_can_be_used(rocq: Rocq) -> None:
    """The search may; the gate will not let it pass unproved."""
    source = Source(b"Lemma a : 1 = 2. Admitted.\nLemma b : 2 = 1. Admitted.\n")
    session = rocq.open(source.theorem(source.holes[1]))
    step(session, session.root, "symmetry; apply a")
    session.close()


def test_a_gap_inside_a_bullet_shows_its_own_goal(rocq: Rocq) -> None:
    source = Source(
        b"Lemma both : forall n : nat, 0 + n = n /\\ n + 0 = n.\n"
        b"Proof.\n  intros n. split.\n  - reflexivity.\n  - admit.\nAdmitted.\n"
    )
    (hole,) = source.holes
    session = rocq.open(source.theorem(hole, 0))
    assert session.root.text == "n : nat\n⊢ n + 0 = n"
    state = step(session, session.root, "induction n; simpl; auto").after
    assert state.finished and session.finish(state) is None
    unfinished = session.finish(session.root)
    assert unfinished is not None and unfinished.kind is Failure.FAILED
    session.close()
    rest = rocq.open(source.theorem(hole, 1, ["induction n; simpl; auto."]))
    assert rest.root.finished and rest.finish(rest.root) is None
    rest.close()


def test_a_hole_inside_an_unfinished_bullet_says_what_to_write(rocq: Rocq) -> None:
    source = Source(b"Lemma both : True /\\ True.\nProof.\n  split.\n  - \nAdmitted.\n")
    with pytest.raises(AssistantError, match="admit"):
        rocq.open(source.theorem(source.holes[0]))


def test_what_does_not_load_is_named_by_its_line(rocq: Rocq) -> None:
    source = Source(b"Definition x := 1.\n(* one\n two *)\nDefinition y := x +.\nLemma t : x = 1. Admitted.\n")
    with pytest.raises(AssistantError, match=r"^line 4: .*[Ss]yntax error"):
        rocq.open(source.theorem(source.holes[0]))
    later = Source(b"Lemma s : True. Admitted.\nDefinition y := z.\nLemma t : y = 1. Admitted.\n")
    rocq.open(later.theorem(later.holes[0])).close()
    with pytest.raises(AssistantError, match=r"^line 2: .*z was not found"):
        rocq.open(later.theorem(later.holes[1]))


def test_bytes_that_are_not_utf8_are_kept_out_of_the_way(rocq: Rocq) -> None:
    source = Source(b"(* caf\xe9 *)\nLemma t : 1 = 1. (* \xff *) Admitted.\n")
    session = rocq.open(source.theorem(source.holes[0]))
    assert step(session, session.root, "reflexivity").after.finished
    session.close()
    broken = Source(b"Definition caf\xe9 := 1.\nLemma t : 1 = 1. Admitted.\n")
    with pytest.raises(AssistantError, match=r"^line 1: "):
        rocq.open(broken.theorem(broken.holes[0]))


def test_a_file_of_the_installed_library_keeps_its_names(rocq: Rocq, toolchain: RocqToolchain) -> None:
    source = Source.read(toolchain.standard_folder / "Lists" / "ListSet.v")
    proof = next(proof for proof in source.proofs if proof.name == "set_add_intro1")
    session = rocq.open(source.restated(proof))
    document = session._live
    assert document.settings.logical_name.endswith("Lists.ListSet")
    assert any("Lists.ListSet.first_definitions.set_add" in line for line in document.ask("Locate set_add.", 10.0))
    session.close()


def test_a_project_is_found_by_its_project_file(rocq: Rocq, toolchain: RocqToolchain, tmp_path: Path) -> None:
    (tmp_path / "_CoqProject").write_text("-Q theories Shop\n-arg -w -arg -all\n")
    folder = tmp_path / "theories"
    folder.mkdir()
    (folder / "Price.v").write_text("Definition price := 3.\n")
    subprocess.run([*toolchain.coqc, "-Q", "theories", "Shop", "theories/Price.v"], cwd=tmp_path, check=True)
    file = folder / "Sale.v"
    file.write_text("From Shop Require Import Price.\nLemma cheap : price = 3.\nProof.\nAdmitted.\n")
    source = Source.read(file)
    session = rocq.open(source.theorem(source.holes[0]))
    state = step(session, session.root, "unfold price; reflexivity").after
    assert session.finish(state) is None
    session.close()


def test_sentences_of_a_script_are_played_as_they_stand(session: RocqSession) -> None:
    state = session.root
    for sentence in ("intros n.", "induction n.", "-", "intros m; simpl; auto.", "-", "all: intros m."):
        played = session.play(state, sentence, 10.0)
        assert isinstance(played, Step), played
        assert played.tactic == sentence
        state = played.after
    assert [goal.conclusion for goal in state.goals] == ["S n + m = m + S n"]
    refused = session.play(state, "reflexivity.", 10.0)
    assert isinstance(refused, TacticError)
    assert step(session, state, "simpl; rewrite IHn; auto").after.finished
