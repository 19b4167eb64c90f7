"""Scores the human steps of held-out theorems under each contestant, and keeps a row for each theorem and contestant.

All models are loaded once, and a few theorems at a time go to each of them, so that what is there after Ctrl-C can be
compared.  What has a row is not scored again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from proofloom.corpus.entries import StepEntry
from proofloom.evaluation.contest_rows import ContestRows, StepsRow
from proofloom.evaluation.contestant import Contestant
from proofloom.evaluation.held_out import HeldOut
from proofloom.evaluation.progress import Progress
from proofloom.evaluation.steps.scores import step_scores
from proofloom.hierarchy import HintSource, Universes
from proofloom.policies.model.folder import loaded_model
from proofloom.search.clock import Clock

THEOREMS_AT_ONCE = 16
"""How many theorems go to each model in turn."""


def score_steps(
    contestants: Sequence[Contestant],
    theorems: Sequence[HeldOut],
    rows: ContestRows,
    clock: Clock,
    now: Callable[[], float],
    say: Callable[[str], None],
    hints: Callable[[HintSource], Callable[[StepEntry], Sequence[str]]] | None = None,
) -> None:
    """Do it, or go on with it.  `now` gives the seconds since 1970, `say` gets a line for people now and then.

    `hints` gives who is asked for models that read hints; their time is that of the model.

    Raises `ModelError`, `JournalError`, and `ModuleNotFoundError` without the extra `model`.
    """
    from proofloom.models.reading import remembered_reading
    from proofloom.training.library_pairs import UNIVERSES, given_pair

    known = {row.key for row in rows.steps()}
    waiting = [one for one in theorems if any((each.name, one.name) not in known for each in contestants)]
    progress = Progress("theorems scored", len(theorems), len(theorems) - len(waiting), clock, say)
    loaded = {each.name: loaded_model(each.folder) for each in contestants} if waiting else {}
    for start in range(0, len(waiting), THEOREMS_AT_ONCE):
        some = waiting[start : start + THEOREMS_AT_ONCE]
        for each in contestants:
            mine = [one for one in some if (each.name, one.name) not in known]
            reading = remembered_reading(loaded[each.name].tokenizer)
            given = hints(reading.hints_from) if hints and reading.hints else None
            begun = clock.cpu()
            pairs = [
                given_pair(step, universes, reading, given)
                for one in mine
                for universes in [UNIVERSES.get(one.repository.assistant, Universes.EITHER)]
                for step in one.steps
            ]
            scores = iter(step_scores(loaded[each.name], pairs, loaded[each.name].most_tokens))
            spent = (clock.cpu() - begun) / max(1, len(pairs))
            for one in mine:
                found = tuple(next(scores) for _ in one.steps)
                rows.add_steps(StepsRow(each.name, one.name, found, spent * len(found)), now())
        progress.advance(len(some))
