"""Explicit tags: the levels written into the text, instead of into the loss.

The paper's ablation that puts level tags into the input; training and test must both use it.  A tag stands before each
line that begins something, and levels of the tagged text can still be asked for: a tag has the level that it names.
"""

from __future__ import annotations

from proofloom.hierarchy.levels import OUTSIDE, Level, Span
from proofloom.hierarchy.tokens import LevelledText

TAGS = {level: f"<{level.name.lower()}>" for level in Level}
"""`<context>`, `<case>`, `<type>`, `<instance>`, `<goal>`: to be added to the tokenizer as tokens of their own."""


def tagged(state: LevelledText) -> LevelledText:
    """`state` with a tag before every line that begins something; empty lines and what is outside get none."""
    parts: list[str] = []
    spans: list[Span] = []
    position = 0
    for span in state.spans:
        part = state.text[span.start : span.end]
        if span.level != OUTSIDE and part.strip():
            part = TAGS[Level(span.level)] + part
        parts.append(part)
        spans.append(Span(position, position + len(part), span.level, span.goal))
        position += len(part)
    return LevelledText("".join(parts), tuple(spans))
