"""What is done with a lemma that was found: read from its claim, called by a name that is valid at the theorem."""

from __future__ import annotations

import pytest

from proofloom.corpus.entries import PremiseEntry
from proofloom.policies.policy import Query
from proofloom.policies.premises.moves import PremiseMoves, claim_of
from proofloom.policies.printed.goal_shape import Connective
from proofloom.proofs import ProofState, Theorem
from proofloom.retrieval.retriever import Retrieved

AT = Theorem("t", "Lemma t : True.")


class Found:
    """A retriever that finds these statements, in this order."""

    def __init__(self, *statements: str, kind: str = "theorem") -> None:
        self._found = [
            Retrieved(PremiseEntry(i, 1, f"L.lemma{i}", s, kind, i, ""), 1.0) for i, s in enumerate(statements)
        ]
        self.asked: list[int] = []

    def premises(self, state: ProofState, theorem: Theorem, k: int) -> list[Retrieved]:
        self.asked.append(k)
        return self._found[:k]


def moves(retriever: Found, goal: str, n: int = 50) -> dict[str, float]:
    policy = PremiseMoves(retriever, lambda name, query: name.removeprefix("L."), premises=7)
    (candidates,) = policy.suggest([Query(ProofState.parse(goal), AT)], n)
    assert [one.logprob for one in candidates] == sorted((one.logprob for one in candidates), reverse=True)
    return {candidate.tactic: candidate.logprob for candidate in candidates}


@pytest.mark.parametrize(
    ("statement", "head", "kind", "conditional"),
    [
        ("Lemma l (n : nat) : forall m, n + m = m + n.", "n", Connective.EQUAL, True),
        ("#[global] Instance l : Proper (eq ==> iff) even.", "Proper", Connective.ATOM, False),
        ("l : forall x y, P x -> Q y", "Q", Connective.ATOM, True),
        ("Axiom l : even 0.", "even", Connective.ATOM, False),
        ("Lemma l : A <-> B.", "A", Connective.IFF, False),
    ],
)
def test_claims(statement: str, head: str, kind: Connective, conditional: bool) -> None:
    claim = claim_of(statement)
    assert (claim.head, claim.kind, claim.conditional) == (head, kind, conditional)


def test_an_equation_rewrites_both_ways_and_is_applied_to_equations_only() -> None:
    equation = "Lemma lemma0 : forall n, n + 0 = n."
    assert set(moves(Found(equation), "n : nat\n⊢ even (n + 0)")) == {"rewrite lemma0", "rewrite <- lemma0"}
    assert "apply lemma0" in moves(Found(equation), "n : nat\n⊢ n + 0 = n")


def test_a_claim_is_applied_where_the_conclusion_has_its_head() -> None:
    claim = "Lemma lemma0 : forall n, odd n -> even (S n)."
    assert set(moves(Found(claim), "⊢ even 4")) == {"apply lemma0", "eapply lemma0; eauto"}
    assert moves(Found(claim), "⊢ odd 4") == {}


def test_the_better_match_comes_first_and_numbers_are_kept() -> None:
    found = Found("Lemma lemma0 : even 0.", "Lemma lemma1 : even 2.")
    assert list(moves(found, "⊢ even 4")) == ["apply lemma0", "apply lemma1"]
    assert list(moves(found, "⊢ even 4", n=1)) == ["apply lemma0"]
    assert found.asked == [7, 7]


def test_definitions_and_finished_states_get_nothing() -> None:
    assert moves(Found("Definition lemma0 := 1 = 1.", kind="definition"), "⊢ 1 = 1") == {}
    assert PremiseMoves(Found("x"), lambda name, query: name).suggest([Query(ProofState(()), AT)], 3) == [[]]
