"""The structure of a proof state: the level of every character and token.  No I/O, no numerical library."""

from proofloom.hierarchy.kinds import KIND_LEVELS, Kind, kind, span_kinds, token_kinds
from proofloom.hierarchy.levels import FIVE_LEVELS, HIERARCHIES, OUTSIDE, THREE_LEVELS, Hierarchy, Level, Span
from proofloom.hierarchy.reading import PLAIN_READING, HintSource, LevelSource, Reading, Variables
from proofloom.hierarchy.structure import declaration_level, state_spans
from proofloom.hierarchy.tags import TAGS, tagged
from proofloom.hierarchy.text import LINE_RULES, PAPER_RULES, LineRules, text_spans
from proofloom.hierarchy.tokens import GOAL_MARKER, HINT_MARKERS, STEP_MARKER, LevelledText, example
from proofloom.hierarchy.universes import Universes, is_universe
from proofloom.proofs import ProofState

__all__ = [
    "FIVE_LEVELS",
    "GOAL_MARKER",
    "HIERARCHIES",
    "HINT_MARKERS",
    "KIND_LEVELS",
    "LINE_RULES",
    "OUTSIDE",
    "PAPER_RULES",
    "PLAIN_READING",
    "STEP_MARKER",
    "TAGS",
    "THREE_LEVELS",
    "Hierarchy",
    "HintSource",
    "Kind",
    "Level",
    "LevelSource",
    "LevelledText",
    "LineRules",
    "Reading",
    "Span",
    "Universes",
    "Variables",
    "declaration_level",
    "example",
    "is_universe",
    "kind",
    "levelled_state",
    "levelled_text",
    "span_kinds",
    "state_spans",
    "tagged",
    "text_spans",
    "token_kinds",
]


def levelled_state(state: ProofState, universes: Universes = Universes.EITHER) -> LevelledText:
    """`state.text` with levels from its structure."""
    return LevelledText(state.text, state_spans(state, universes))


def levelled_text(text: str, rules: LineRules = LINE_RULES) -> LevelledText:
    """A printed state with levels from its lines."""
    return LevelledText(text, text_spans(text, rules))
