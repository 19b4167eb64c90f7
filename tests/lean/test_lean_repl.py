"""The session over a REPL, through LeanInteract, with a program that speaks the REPL's protocol as it is documented.

No REPL of Lean can be built here, so what stands in for it is a table; nothing of this was run against the real one.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from proofloom.assistants.lean.interact import InteractRepl
from proofloom.assistants.lean.repl import ReplLean, ReplLimits, ReplSession
from proofloom.assistants.session import AssistantError, Failure, SessionLost, TacticError
from proofloom.proofs import ProofState, Step, Theorem

pytest.importorskip("lean_interact", reason="LeanInteract is not installed (extra lean-repl)")

REPL = r"""#!{python}
import json, sys, time
GOAL = "p q : Prop\nh : p ∧ q\n⊢ q ∧ p"
LEFT, RIGHT = "case left\np q : Prop\nh : p ∧ q\n⊢ q", "case right\np q : Prop\nh : p ∧ q\n⊢ p"
states = []
def state(goals, path):
    states.append((goals, path))
    return len(states) - 1
def place(text, at):
    head = text[:at]
    return {{"line": head.count("\n") + 1, "column": at - head.rfind("\n") - 1}}
def command(request):
    text = request["cmd"]
    if "broken" in text:
        error = {{"severity": "error", "pos": {{"line": 1, "column": 0}}, "data": "unknown module"}}
        return {{"env": 0, "messages": [error]}}
    holes, at = [], text.find("sorry")
    while at >= 0:
        goal = "?" if "unreadable" in text else GOAL
        holes.append({{"pos": place(text, at), "goal": goal, "proofState": state([GOAL], ())}})
        at = text.find("sorry", at + 1)
    warning = {{"severity": "warning", "pos": {{"line": 1, "column": 0}}, "data": "declaration uses `sorry`"}}
    return {{"env": 1, "sorries": holes, "messages": [warning] if holes else []}}
def step(request):
    tactic, number = request["tactic"], request["proofState"]
    if number >= len(states):
        return {{"message": "Unknown proof state."}}
    goals, path = states[number]
    def good(left):
        status = "Incomplete: open goals remain" if left else "Completed"
        return {{"proofState": state(left, (*path, tactic)), "goals": left, "proofStatus": status}}
    if tactic == "sleep":
        time.sleep(60)
    if tactic == "die":
        sys.exit("boom")
    if tactic == "die once" and not MARK.exists():
        MARK.write_text("")
        sys.exit("boom")
    if tactic == "print":
        print("no goals\n", flush=True)
    if tactic == "hide":
        return {{"proofState": state([], path), "goals": [], "proofStatus": "Incomplete: contains sorry"}}
    if tactic == "claim":
        return {{"proofState": state([], path), "goals": []}}
    if tactic == "recover":
        message = {{"severity": "error", "data": "linarith failed", "pos": {{"line": 1, "column": 0}}}}
        return {{**good([]), "messages": [message]}}
    if tactic == "apply?":
        return {{**good([]), "sorries": [{{"pos": {{"line": 1, "column": 0}}, "goal": "", "proofState": 0}}]}}
    if tactic == "blurred":
        return good(["nothing to be seen"])
    if tactic == "numberless":
        return {{"goals": [GOAL]}}
    if tactic == "(constructor\n exact h.2)" or tactic == "(constructor; exact h.2)":
        return good([RIGHT, *goals[1:]])
    if tactic == "constructor" and goals[0] == GOAL:
        return good([LEFT, RIGHT, *goals[1:]])
    if (tactic, goals[0]) in (("exact h.2", LEFT), ("exact h.1", RIGHT), ("exact ⟨h.2, h.1⟩", GOAL)):
        return good(goals[1:])
    if tactic == "wish":
        return {{"message": "Lean error:\n<input>:1:1: unknown tactic"}}
    if tactic == "long":
        return {{"message": "Lean error:\n(deterministic) timeout at `whnf`, maximum number of heartbeats"}}
    return {{"message": "Lean error:\ntactic failed"}}
from pathlib import Path
MARK = Path(__file__).with_name("died")
lines = []
for line in sys.stdin:
    if line.strip():
        lines.append(line)
        continue
    request = json.loads("".join(lines))
    lines = []
    print(json.dumps(command(request) if "cmd" in request else step(request), ensure_ascii=False) + "\n", flush=True)
"""
STATEMENT = "theorem t (p q : Prop) (h : p ∧ q) : q ∧ p := by"
LIMITS = ReplLimits(load_seconds=20, replay_seconds=20)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[object]:
    """Starts the stand-in as LeanInteract starts a REPL: by `lake env`, in a project."""
    project, repl = tmp_path / "project", tmp_path / "repl"
    program = repl / ".lake" / "build" / "bin" / "repl"
    program.parent.mkdir(parents=True)
    program.write_text(REPL.format(python=sys.executable), "utf-8")
    project.mkdir()
    lake = tmp_path / "lake"
    lake.write_text('#!/bin/sh\n[ "$1" = env ] && shift && exec "$@"\n')
    for file in (program, lake):
        file.chmod(0o755)
    for folder in (project, repl):
        (folder / "lean-toolchain").write_text("leanprover/lean4:v4.35.0\n")
        (folder / "lakefile.toml").write_text('name = "own"\n')
    made: list[InteractRepl] = []

    def started() -> InteractRepl:
        made.append(InteractRepl(repl, project, lake=str(lake)))
        return made[-1]

    yield started
    for one in made:
        one.close()


@pytest.fixture
def lean(start: object) -> Iterator[ReplLean]:
    opened = ReplLean(start, LIMITS)  # type: ignore[arg-type]
    yield opened
    opened.close()
    opened.close()


def opened(lean: ReplLean, before: str = "import Own\n", ending: str = "") -> ReplSession:
    return lean.open(Theorem("t", STATEMENT, before=before, ending=ending))


def after(result: Step | TacticError) -> ProofState:
    assert isinstance(result, Step), result
    return result.after


def test_a_proof_from_start_to_finish(lean: ReplLean) -> None:
    session = opened(lean)
    assert session.root.text == "p q : Prop\nh : p ∧ q\n⊢ q ∧ p"
    both = after(session.apply(session.root, "constructor", 20))
    assert [goal.name for goal in both.goals] == ["left", "right"]
    assert session.finish(both) == TacticError(Failure.FAILED, "goals are left")
    last = after(session.apply(both, "exact h.2", 20))
    done = after(session.apply(last, "exact h.1", 20))
    assert done.finished and session.finish(done) is None
    assert after(session.apply(session.root, "exact ⟨h.2, h.1⟩", 20)).finished
    assert after(session.apply(session.root, "constructor\nexact h.2", 20)) == last
    assert after(session.apply(session.root, "constructor; exact h.2", 20)) == last
    assert session.cpu_seconds > 0
    session.close()
    with pytest.raises(AssistantError, match="is closed"):
        session.apply(session.root, "constructor", 20)


@pytest.mark.parametrize(
    ("tactic", "kind", "words"),
    [
        ("hide", Failure.FAILED, "not complete: Incomplete: contains sorry"),
        ("claim", Failure.FAILED, "not complete: not told"),
        ("recover", Failure.FAILED, "linarith failed"),
        ("apply?", Failure.FAILED, "leaves a sorry"),
        ("blurred", Failure.FAILED, "cannot be read"),
        ("numberless", Failure.FAILED, "no number"),
        ("wish", Failure.SYNTAX, "unknown tactic"),
        ("long", Failure.TIMEOUT, "heartbeats"),
        ("other", Failure.FAILED, "tactic failed"),
        ("sorry", Failure.SYNTAX, "sorry is refused"),
        ("exact (h", Failure.SYNTAX, "brackets"),
    ],
)
def test_what_is_no_step(lean: ReplLean, tactic: str, kind: Failure, words: str) -> None:
    session = opened(lean)
    result = session.apply(session.root, tactic, 20)
    assert isinstance(result, TacticError)
    assert (result.kind, words in result.message) == (kind, True), result
    assert after(session.apply(session.root, "constructor", 20)).goals


@pytest.mark.parametrize(
    ("tactic", "kind"), [("sleep", Failure.TIMEOUT), ("die", Failure.LOST), ("print", Failure.LOST)]
)
def test_states_live_on_when_the_process_does_not(lean: ReplLean, tactic: str, kind: Failure) -> None:
    session = opened(lean)
    both = after(session.apply(session.root, "constructor", 20))
    life = lean.life
    result = session.apply(both, tactic, 1.0)
    assert isinstance(result, TacticError) and result.kind is kind
    assert lean.life > life
    assert after(session.apply(both, "exact h.2", 20)).text.startswith("case right")
    assert after(session.apply(session.root, "exact ⟨h.2, h.1⟩", 20)).finished


def test_a_tactic_is_tried_again_in_another_process(lean: ReplLean) -> None:
    session = opened(lean)
    result = session.apply(session.root, "die once", 20)
    assert isinstance(result, TacticError) and result.kind is Failure.FAILED
    assert lean.life == 1


def test_an_old_number_is_never_used_in_a_new_process(lean: ReplLean) -> None:
    """After a restart the same number may be another state, so every state is reached again from the root."""
    session = opened(lean)
    both = after(session.apply(session.root, "constructor", 20))
    lean.restart()
    other = opened(lean, before="import Own\nimport More\n")
    assert after(other.apply(other.root, "exact ⟨h.2, h.1⟩", 20)).finished
    assert after(session.apply(both, "exact h.2", 20)).text.startswith("case right")


def test_only_the_hole_that_is_opened_counts(lean: ReplLean) -> None:
    statement = "theorem t (p q : Prop) (h : p ∧ q) : q ∧ p := by\n  have a : p := sorry\n  ·"
    session = lean.open(Theorem("t", statement, before="", ending="\n  · sorry\n"))
    assert after(session.apply(session.root, "constructor", 20)).goals


@pytest.mark.parametrize(
    ("before", "words"),
    [("import broken\n", "before it does not load: unknown module"), ("-- x\n", "does not open")],
)
def test_what_does_not_open_says_why(lean: ReplLean, before: str, words: str) -> None:
    statement = STATEMENT if before.startswith("import") else STATEMENT + " broken by"
    with pytest.raises(AssistantError, match=words):
        lean.open(Theorem("t", statement, before=before, ending=""))
    with pytest.raises(AssistantError, match="cannot be read"):
        lean.open(Theorem("t", "theorem unreadable : p := by", before="", ending=""))


def test_a_repl_frees_nothing_so_it_is_started_anew(start: object) -> None:
    lean = ReplLean(start, ReplLimits(load_seconds=20, steps=3))  # type: ignore[arg-type]
    lives = []
    for _ in range(3):
        session = opened(lean)
        session.apply(session.root, "constructor", 20)
        session.apply(session.root, "constructor", 20)
        lives.append(lean.life)
        session.close()
    lean.close()
    assert lives == [0, 1, 2]


def test_a_repl_that_is_not_there_is_an_error_with_advice(tmp_path: Path) -> None:
    lean = ReplLean(lambda: InteractRepl(tmp_path, tmp_path))
    with pytest.raises(AssistantError, match="build it with 'lake build'"):
        opened(lean)


def test_a_repl_that_dies_while_a_theorem_is_opened_is_lost(start: object, tmp_path: Path) -> None:
    (tmp_path / "repl" / ".lake" / "build" / "bin" / "repl").write_text("#!/bin/sh\nread line\nexit 1\n")
    lean = ReplLean(start, LIMITS)  # type: ignore[arg-type]
    with pytest.raises(SessionLost, match="the REPL"):
        opened(lean)
    lean.close()
