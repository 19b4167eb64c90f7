"""The policy over a model: what becomes of what an engine writes, without a model."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofloom.models.engine.text import Asked, Completion
from proofloom.policies.model.policy import ModelConfig, ModelPolicy, candidates
from proofloom.policies.policy import Query
from proofloom.proofs import Candidate, Goal, ProofState, Step, Theorem


class Scribe:
    """Writes the conclusion of the first goal, and a number; remembers what it was asked, and with which hints."""

    name = "scribe"

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.hints: list[tuple[str, ...]] = []

    def complete(self, asked: Sequence[Asked], n: int) -> list[list[Completion]]:
        self.asked.append([one.state.text for one in asked])
        self.hints += [one.hints for one in asked]
        number = len(self.asked)
        return [
            [
                Completion(f"exact {one.state.goals[0].conclusion}{number}{k}", (k,), -1.0 - k, True)
                for k in range(n + 1)
            ]
            for one in asked
        ]


def query(conclusion: str, theorem: str = "t") -> Query:
    return Query(ProofState((Goal((), conclusion),)), Theorem(theorem, "x"))


def written(
    text: str, logprob: float = -1.0, *, tokens: tuple[int, ...] | None = None, cut: bool = False
) -> Completion:
    return Completion(text, tuple(text.encode()) if tokens is None else tokens, logprob, not cut)


def found(*completions: Completion) -> dict[str, float]:
    return {one.tactic: math.exp(one.logprob) for one in candidates(completions)}


def test_a_state_is_asked_about_once_and_batches_are_not_too_large() -> None:
    scribe = Scribe()
    policy = ModelPolicy(scribe, ModelConfig(batch=2))
    first = policy.suggest([query("a"), query("b"), query("a"), query("c")], 2)
    assert scribe.asked == [["⊢ a", "⊢ b"], ["⊢ c"]]
    assert [[one.tactic for one in some] for some in first] == [
        ["exact a10", "exact a11"],
        ["exact b10", "exact b11"],
        ["exact a10", "exact a11"],
        ["exact c20", "exact c21"],
    ]
    assert policy.suggest([query("b", "another")], 2) == [first[1]]
    assert len(scribe.asked) == 2
    policy.suggest([query("b")], 3)
    assert scribe.asked[2:] == [["⊢ b"]]


def test_no_more_is_asked_of_the_engine_than_it_may_be() -> None:
    policy = ModelPolicy(Scribe(), ModelConfig(candidates=3))
    ((*four,), (*two,)) = policy.suggest([query("a")], 4)[0], policy.suggest([query("a")], 2)[0]
    assert (len(four), len(two)) == (3, 2)
    assert len(policy.suggest([query("a")], 20)[0]) == 5  # a search that has nothing left asks for many


def test_only_the_last_states_are_remembered() -> None:
    scribe = Scribe()
    policy = ModelPolicy(scribe, ModelConfig(remembered=2))
    for conclusion in "abacaba":
        policy.suggest([query(conclusion)], 1)
    assert [text[0][2] for text in scribe.asked] == ["a", "b", "c", "b"]


def test_an_answer_that_the_caller_changes_is_not_changed_here() -> None:
    policy = ModelPolicy(Scribe())
    (first,) = policy.suggest([query("a")], 2)
    first.clear()
    assert len(policy.suggest([query("a")], 2)[0]) == 2


def test_a_state_without_goals_has_no_candidates() -> None:
    scribe = Scribe()
    assert ModelPolicy(scribe).suggest([Query(ProofState(()), Theorem("t", "x"))], 4) == [[]]
    assert scribe.asked == []


def test_one_text_written_in_several_ways_is_as_likely_as_all_of_them() -> None:
    merged = found(
        written("auto", math.log(0.25), tokens=(1,)),
        written("auto", math.log(0.125), tokens=(2, 3)),
        written("auto", math.log(0.125), tokens=(2, 3)),
        written(" auto.\n", math.log(0.0625)),
        written("easy", math.log(0.4)),
    )
    assert merged == pytest.approx({"auto": 0.4375, "easy": 0.4})
    assert list(merged) == ["auto", "easy"]


@pytest.mark.parametrize(
    "text",
    ["", "  ", ".", "auto. easy", "Qed", "auto) || (easy", "au\x00to", "au\ufffdto", "a\u202eb", "auto[GOAL]", "admit"],
)
def test_what_is_no_tactic_is_left_out(text: str) -> None:
    assert "auto" not in found(written(text))
    assert found(written(text), written("easy", math.log(0.5))).keys() <= {"easy", "Qed"}


def test_what_was_cut_off_is_left_out() -> None:
    assert found(written("auto", cut=True), written("easy", math.log(0.5))) == {"easy": 0.5}


def test_a_tactic_may_span_lines_and_hold_signs_of_mathematics() -> None:
    assert found(written("split;\n\t[auto | easy]", math.log(0.5))) == {"split; [auto | easy]": 0.5}
    assert list(found(written("exists (λ x, x ≤ 1)"))) == ["exists (λ x, x ≤ 1)"]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["auto", "auto ", "easy", ""]), st.floats(-30, 0)), max_size=8))
def test_probabilities_add_up_and_stay_below_one(some: list[tuple[str, float]]) -> None:
    completions = [Completion(text, (k,), logprob, True) for k, (text, logprob) in enumerate(some)]
    merged = candidates(completions)
    for tactic in ("auto", "easy"):
        total = math.fsum(math.exp(logprob) for text, logprob in some if text.strip() == tactic)
        answers = [math.exp(one.logprob) for one in merged if one.tactic == tactic]
        assert answers == ([pytest.approx(min(1.0, total))] if total else [])


def test_limits_are_named() -> None:
    with pytest.raises(ValueError, match="model batch=0: wanted at least 1"):
        ModelConfig(batch=0)
    with pytest.raises(ValueError, match="model remembered=0"):
        ModelConfig(remembered=0)


class Adviser:
    """Says `apply` with the name of the theorem, and what it was shown last."""

    name = "adviser"

    def __init__(self) -> None:
        self.shown: list[str] = []

    def suggest(self, queries: Sequence[Query], n: int) -> list[list[Candidate]]:
        return [[Candidate(f"apply {one.theorem.name}", -1.0), *self._last()] for one in queries]

    def learn(self, theorem: Theorem, steps: Sequence[Step]) -> None:
        self.shown += [step.tactic for step in steps]

    def _last(self) -> list[Candidate]:
        return [Candidate(tactic, -2.0) for tactic in self.shown[-1:]]


def test_hints_go_to_the_engine_and_one_state_with_other_hints_is_another_question() -> None:
    scribe = Scribe()
    policy = ModelPolicy(scribe, hints=Adviser())
    here, there, nowhere = query("a"), query("a", "u"), Query(ProofState(()), Theorem("t", "x"))
    first = policy.suggest([here, there, here, nowhere], 1)
    assert scribe.hints == [("apply t",), ("apply u",)]
    assert [len(some) for some in first] == [1, 1, 1, 0] and first[0] == first[2]
    policy.learn(here.theorem, [Step(here.state, "auto", nowhere.state)])
    assert policy.suggest([here], 1) != [first[0]] and scribe.hints[2:] == [("apply t", "auto")]
