"""How a state is read: where the levels come from, whether variables count as types, what is written beside it.

These are the variants of the hierarchy that concern the text; which level may read which is the flow loss's affair.
The one idea: a reading is data.  It is set once, for training, and remembered with the model, so that whoever asks the
model reads states as it was taught.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from typing import Any

from proofloom.hierarchy.kinds import Kind, kind
from proofloom.hierarchy.levels import Level, Span
from proofloom.hierarchy.structure import state_spans
from proofloom.hierarchy.tags import tagged
from proofloom.hierarchy.text import LINE_RULES, PAPER_RULES, text_spans
from proofloom.hierarchy.tokens import LevelledText
from proofloom.hierarchy.universes import Universes
from proofloom.proofs import ProofState


class LevelSource(StrEnum):
    """Where levels come from: the STRUCTURE of the state, our rules for its LINES, or the PAPER's."""

    STRUCTURE = "structure"
    LINES = "lines"
    PAPER = "paper"


class Variables(StrEnum):
    """The level of a declared variable, `x : nat`, which is neither a universe nor a fact: the paper's, or TYPE."""

    INSTANCE = "instance"
    TYPE = "type"


class HintSource(StrEnum):
    """Who gives hints: what was run in goals like the first one, or moves with the premises that a retriever finds."""

    NEIGHBOURS = "neighbours"
    BM25 = "bm25"
    DENSE = "dense"
    HYBRID = "hybrid"


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read; the defaults are the paper's levels, taken from what each part of a state is.

    With `tags` every line that begins something has its level written before it.  Up to `hints` tokens of tactics that
    `hints_from` proposes for the first goal stand before the state.  Raises `ValueError`.
    """

    levels: LevelSource = LevelSource.STRUCTURE
    variables: Variables = Variables.INSTANCE
    tags: bool = False
    hints: int = 0
    hints_from: HintSource = HintSource.NEIGHBOURS

    def __post_init__(self) -> None:
        for name, words in (("levels", LevelSource), ("variables", Variables), ("hints_from", HintSource)):
            object.__setattr__(self, name, words(getattr(self, name)))
        if not isinstance(self.tags, bool):
            raise ValueError(f"reading tags={self.tags!r}: wanted true or false")
        if not isinstance(self.hints, int) or isinstance(self.hints, bool) or self.hints < 0:
            raise ValueError(f"reading hints={self.hints!r}: wanted a number of tokens, 0 for none")

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Reading:
        """The reading that `record` tells of.  Raises `ValueError` for what is none."""
        unknown = sorted(set(record) - {field.name for field in fields(cls)})
        if unknown:
            known = ", ".join(field.name for field in fields(cls))
            raise ValueError(f"reading {unknown[0]}={record[unknown[0]]!r}: wanted only {known}")
        return cls(**record)

    @property
    def record(self) -> dict[str, str | bool | int]:
        """The fields by name, as JSON has them."""
        return {name: value if isinstance(value, bool | int) else str(value) for name, value in asdict(self).items()}

    def of_state(self, state: ProofState, universes: Universes = Universes.EITHER) -> LevelledText:
        """The text of a state with its levels; `universes` matter to its structure only."""
        if self.levels is not LevelSource.STRUCTURE:
            return self.of_text(state.text)
        return self._finished(LevelledText(state.text, state_spans(state, universes)))

    def of_text(self, text: str) -> LevelledText:
        """A printed state with levels from its lines, also if they should come from structure, which a text has not."""
        rules = PAPER_RULES if self.levels is LevelSource.PAPER else LINE_RULES
        return self._finished(LevelledText(text, text_spans(text, rules)))

    def _finished(self, levelled: LevelledText) -> LevelledText:
        if self.variables is Variables.TYPE:
            levelled = LevelledText(levelled.text, tuple(_as_type(span, levelled.text) for span in levelled.spans))
        return tagged(levelled) if self.tags else levelled


def _as_type(span: Span, text: str) -> Span:
    """The span, of level TYPE if it declares a variable."""
    variable = span.level == Level.INSTANCE and kind(span.level, text[span.start : span.end]) is Kind.VARIABLE
    return replace(span, level=Level.TYPE) if variable else span


PLAIN_READING = Reading()
"""What a model that remembers nothing was taught."""
