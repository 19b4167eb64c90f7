"""A language model as a policy: it reads the state and writes tactics.

A candidate's log-probability is that of its text: that the model writes it and then ends, at temperature 1.  It is not
divided by the length, and where one text was written in several ways (other tokens, other white space at its ends)
the ways are added up; so the candidates of a state are a part of a distribution, and their probabilities sum to at
most 1, as a mixture wants it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from proofloom.hierarchy import GOAL_MARKER, HINT_MARKERS, STEP_MARKER
from proofloom.models.engine.text import Asked, Completion, TextEngine
from proofloom.policies.dialect import ROCQ
from proofloom.policies.mixture import log_sum_exp
from proofloom.policies.policy import Learner, Policy, Query
from proofloom.proofs import Candidate, Step, Theorem

HINTS = len(HINT_MARKERS)
"""How many tactics of another policy are given to a model that reads hints, at most; its reading says how many fit."""
_MARKERS = (GOAL_MARKER, STEP_MARKER, *HINT_MARKERS)


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """`batch` states are given to the engine at a time; the answers for the last `remembered` states are kept.

    `candidates` is how many are asked of it at most, or a quarter of what is wanted if that is more.  `remembered` is
    far more than the states of one attempt, in which a state that comes again gets the same answer.
    """

    batch: int = 8
    candidates: int = 1024
    remembered: int = 4096

    def __post_init__(self) -> None:
        for name in ("batch", "candidates", "remembered"):
            if getattr(self, name) < 1:
                raise ValueError(f"model {name}={getattr(self, name)}: wanted at least 1")


class ModelPolicy:
    """The policy over an engine.  `tactic` gives the one tactic of the assistant in a text, or None.

    For a model that reads hints, `hints` is the policy that gives them.
    """

    name = "model"

    def __init__(
        self,
        engine: TextEngine,
        config: ModelConfig | None = None,
        tactic: Callable[[str], str | None] = ROCQ.tactic,
        hints: Policy | None = None,
    ) -> None:
        self._engine = engine
        self._hints = hints
        self._config = config or ModelConfig()
        self._tactic = tactic
        self._answers: OrderedDict[tuple[Asked, int], list[Candidate]] = OrderedDict()

    def suggest(self, queries: Sequence[Query], n: int) -> list[list[Candidate]]:
        """For each query at most `n` tactics, the likeliest first; fewer where the model wrote what is no tactic.

        States of one text, with the same hints, are asked about once.  What the engine raises is passed on.
        """
        n = min(n, max(self._config.candidates, n // 4))
        asked = self._asked(queries)
        answers = {one: self._remembered(one, n) for one in asked if one is not None}
        waiting = [one for one, answer in answers.items() if answer is None]
        for start in range(0, len(waiting), self._config.batch):
            part = waiting[start : start + self._config.batch]
            for one, completions in zip(part, self._engine.complete(part, n), strict=True):
                answers[one] = self._remember(one, n, candidates(completions, self._tactic)[:n])
        return [[] if one is None else list(answers[one] or ()) for one in asked]

    def learn(self, theorem: Theorem, steps: Sequence[Step]) -> None:
        """Let what gives the hints see a proof, if it can learn."""
        if isinstance(self._hints, Learner):
            self._hints.learn(theorem, steps)

    def _asked(self, queries: Sequence[Query]) -> list[Asked | None]:
        """What the engine is asked for each query, None for a state without goals."""
        hints: Sequence[Sequence[Candidate]] = [[]] * len(queries)
        if self._hints is not None:
            hints = self._hints.suggest(queries, HINTS)
        return [
            Asked(query.state, tuple(hint.tactic for hint in some)) if query.state.goals else None
            for query, some in zip(queries, hints, strict=True)
        ]

    def _remembered(self, asked: Asked, n: int) -> list[Candidate] | None:
        found = self._answers.get((asked, n))
        if found is not None:
            self._answers.move_to_end((asked, n))
        return found

    def _remember(self, asked: Asked, n: int, found: list[Candidate]) -> list[Candidate]:
        self._answers[asked, n] = found
        while len(self._answers) > self._config.remembered:
            self._answers.popitem(last=False)
        return found


def candidates(completions: Iterable[Completion], tactic: Callable[[str], str | None] = ROCQ.tactic) -> list[Candidate]:
    """The tactics in what a model wrote, the likeliest first.

    Left out is what was cut off, is empty, holds a marker or a character that does not print, or has no `tactic`.  The
    same tokens drawn twice count once; different tokens of one tactic are added up.
    """
    ways: dict[str, dict[tuple[int | str, ...], float]] = {}
    for one in completions:
        found = tactic(one.text.strip()) if one.finished and _readable(one.text) else None
        if found:
            ways.setdefault(found, {})[one.tokens] = one.logprob
    merged = [Candidate(text, min(0.0, log_sum_exp(list(found.values())))) for text, found in ways.items()]
    return sorted(merged, key=lambda one: -one.logprob)


def _readable(text: str) -> bool:
    """Printable (line ends and tabs too), without the character that stands for broken bytes, and without a marker."""
    if "\ufffd" in text or any(marker in text for marker in _MARKERS):
        return False
    return all(character.isprintable() or character in "\n\t" for character in text)
