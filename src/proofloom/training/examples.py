"""Training examples as arrays: `[GOAL]` state `[PROOFSTEP]` tactic `<|endoftext|>`, with levels, one after the other.

The arrays are written to a file once and mapped from it, so the examples of a whole library take no memory and no time
to open.  Nothing is cut or left out in silence: `counts` says how many and why.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from proofloom.corpus.storage.array_file import read_arrays, write_arrays
from proofloom.hierarchy import OUTSIDE, Hierarchy, LevelledText
from proofloom.models.neox import CONTEXT
from proofloom.models.prompt import Cut, Prompt, answer_tokens, hint_tokens, prompts

_AT_ONCE = 1000
LEFT_OUT = "left out: the tactic is too long"
FROM_LINES = "levels from lines"
CLOSINGS = "closings of automation"
COUNTED = ("whole", *(f"cut: {cut}" for cut in Cut if cut is not Cut.NOTHING), LEFT_OUT, FROM_LINES, CLOSINGS)
"""What `counts` counts; the last two overlap with the others."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A state with its levels and the tactic that was run there; `structured` if the levels come from structure.

    `hints` are tactics that stand before the state, the likeliest first.  A `closing` is by automation, not by people.
    """

    state: LevelledText
    tactic: str
    structured: bool = True
    hints: tuple[str, ...] = ()
    closing: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """Tokens of a prompt, at most, which is cut if it is longer, and of a tactic with its end, which is left out."""

    prompt: int = CONTEXT - 256
    tactic: int = 256

    def __post_init__(self) -> None:
        for name, least in (("prompt", 3), ("tactic", 2)):
            if getattr(self, name) < least:
                raise ValueError(f"{name}={getattr(self, name)}: wanted at least {least} tokens")


@dataclass(frozen=True, slots=True)
class Examples:
    """N examples: tokens `starts[i]` to `starts[i + 1]` are those of example i, the first `prompts[i]` its prompt.

    `tokens`, `levels`, `goals` and `kinds` (those of a `Prompt`) are as long as all examples together, `tally` holds
    the numbers of `counts`.
    """

    tokens: NDArray[Any]
    levels: NDArray[np.int8]
    goals: NDArray[np.int16]
    kinds: NDArray[np.int8]
    starts: NDArray[np.int64]
    prompts: NDArray[np.int32]
    tally: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.prompts)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(N): tokens of each example."""
        return np.diff(self.starts)

    @property
    def tactic_lengths(self) -> NDArray[np.int64]:
        """(N): tokens of the tactic of each example with its end, which are those that are learned."""
        return self.lengths - self.prompts

    @property
    def counts(self) -> Mapping[str, int]:
        """How many examples are whole, cut and left out, how many have levels from their lines, and are closings."""
        return dict(zip(COUNTED, self.tally.tolist(), strict=True))

    def flowing(self, hierarchy: Hierarchy) -> int:
        """How many examples have a forbidden token before some token of their state; the flow loss of all others is 0
        whatever the attention, so this says how much the loss can do at all.
        """
        ranks = np.array([*hierarchy.ranks, OUTSIDE])[self.levels]  # the level OUTSIDE is the last place, and stays
        found = 0
        for start, end in pairwise(self.starts.tolist()):
            own = ranks[start:end]
            found += bool(((np.maximum.accumulate(own) > own) & (own != OUTSIDE)).any())
        return found

    @property
    def digest(self) -> str:
        """The same for the same examples in the same order."""
        hashed = hashlib.sha256()
        tokens = self.tokens.astype(np.int32)
        for one in (tokens, self.levels, self.goals, self.kinds, self.starts, self.prompts):
            hashed.update(np.ascontiguousarray(one).tobytes())
        return hashed.hexdigest()

    def write(self, file: Path, stamp: str) -> None:
        """Write them to `file`; raises `AssistantError`."""
        write_arrays(file, {name: getattr(self, name) for name in self.__slots__}, stamp)

    @classmethod
    def read(cls, file: Path, stamp: str) -> Examples | None:
        """Those of `file`, mapped; None if there is no such file or its stamp is another."""
        arrays = read_arrays(file, stamp)
        return None if arrays is None else cls(**arrays)


def encode(pairs: Iterable[Pair], tokenizer: PreTrainedTokenizerBase, limits: Limits, hints: int = 0) -> Examples:
    """The examples of these pairs in order, each with at most so many tokens of `hints`.

    Raises `ValueError` for a tokenizer without an end of text, and for hints that leave no room for a state.
    """
    end = tokenizer.eos_token_id
    if not isinstance(end, int):
        raise ValueError(f"the tokenizer has no end of text (eos_token_id={end}): wanted one that says where to stop")
    tokens, starts, lengths, counts = array("i"), array("q", [0]), array("i"), Counter[str]()
    levels, goals, kinds = array("b"), array("h"), array("b")
    rest = iter(pairs)
    while some := list(islice(rest, _AT_ONCE)):
        counts[FROM_LINES] += sum(not pair.structured for pair in some)
        counts[CLOSINGS] += sum(pair.closing for pair in some)
        for prompt, tactic in _tokenized(some, tokenizer, limits, hints, counts):
            tokens.extend([*prompt.tokens, *tactic, end])
            outside = [OUTSIDE] * (len(tactic) + 1)
            for column, classes in ((levels, prompt.levels), (goals, prompt.goals), (kinds, prompt.kinds)):
                column.extend(classes + outside)
            starts.append(len(tokens))
            lengths.append(len(prompt.tokens))
    kind = np.uint16 if len(tokenizer) <= 1 << 16 else np.int32
    return Examples(
        np.array(tokens, kind),
        np.array(levels, np.int8),
        np.array(goals, np.int16),
        np.array(kinds, np.int8),
        np.array(starts, np.int64),
        np.array(lengths, np.int32),
        np.array([counts[name] for name in COUNTED], np.int64),
    )


def _tokenized(
    pairs: list[Pair], tokenizer: PreTrainedTokenizerBase, limits: Limits, hints: int, counts: Counter[str]
) -> Iterator[tuple[Prompt, list[int]]]:
    """Each prompt with the tokens of its tactic."""
    before, shown = hint_tokens(tokenizer, [pair.hints for pair in pairs], hints)
    tactics = answer_tokens(tokenizer, [pair.tactic for pair in pairs], shown)
    made = prompts(tokenizer, [pair.state for pair in pairs], limits.prompt, before)
    for prompt, tactic in zip(made, tactics, strict=True):
        if len(tactic) + 1 > limits.tactic:
            counts[LEFT_OUT] += 1
            continue
        counts["whole" if prompt.cut is Cut.NOTHING else f"cut: {prompt.cut}"] += 1
        yield prompt, tactic
