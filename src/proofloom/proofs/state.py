"""Goals and proof states: what an assistant shows, as immutable values with one text layout.

The layout is the one Lean prints, used for Rocq too, so that models and tools are shared.  `ProofState.text` writes
it and `ProofState.parse` reads it back to an equal value; the one idea is that every continuation line is indented
by two spaces, so a line that starts at the margin always begins something new.  Where Lean breaks the line after the
colon or the `:=` of a declaration, the value is the same as without that break.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

TURNSTILE = "⊢"
NO_GOALS = "no goals"
_INDENT = "\n  "
_OPENING = "([{⟨⦃"
_CLOSING = ")]}⟩⦄"
_BINDERS = ("let", "have", "letfun", "let_fun")
_NAMES = re.compile(r"((?:[^\s«]|«[^»]*»)+(?:\s+(?:[^\s«]|«[^»]*»)+)*?)\s+:(?=\s)\s+")
_NAME = re.compile(r"(?:[^\s«]|«[^»]*»)+")
_DEFINED_AS = re.compile(r"\s:=\s+")


class StateSyntaxError(ValueError):
    """A text that is not a proof state; the message names the line and what was expected."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One declaration of the local context: one or more `names` of one `type`, with a `body` if it is a `let`.

    Names hold no white space except inside `«»`; type and body may span lines, and begin with something visible.
    """

    names: tuple[str, ...]
    type: str
    body: str | None = None

    @property
    def text(self) -> str:
        """`x y : nat`, or `n : nat := 3`; continuation lines are indented by two spaces."""
        text = f"{' '.join(self.names)} : {self.type}"
        if self.body is not None:
            text += f" := {self.body}"
        return text.replace("\n", _INDENT)

    @classmethod
    def parse(cls, text: str) -> Hypothesis:
        """Read one declaration back; raises `StateSyntaxError` if no colon stands between names and a type."""
        text = text.replace(_INDENT, "\n")
        head = _NAMES.match(text)
        if head is None:
            raise StateSyntaxError(f"declaration {text!r}: wanted 'names : type'")
        names, rest = tuple(_NAME.findall(head[1])), text[head.end() :]
        sign = _definition(rest)
        if sign is None:
            return cls(names, rest)
        return cls(names, rest[: sign.start()], rest[sign.end() :])


@dataclass(frozen=True, slots=True)
class Goal:
    """Hypotheses (oldest first), a conclusion, and the name of the case if the assistant gave it one."""

    hypotheses: tuple[Hypothesis, ...]
    conclusion: str
    name: str | None = None

    @property
    def text(self) -> str:
        """The goal in the shared layout, without a trailing newline."""
        lines = [] if self.name is None else [f"case {self.name}"]
        lines += [hypothesis.text for hypothesis in self.hypotheses]
        lines.append(f"{TURNSTILE} {self.conclusion}".replace("\n", _INDENT))
        return "\n".join(lines)

    @property
    def names(self) -> tuple[str, ...]:
        """Every local name, oldest first."""
        return tuple(name for hypothesis in self.hypotheses for name in hypothesis.names)

    @classmethod
    def parse(cls, text: str) -> Goal:
        """Read one goal back; raises `StateSyntaxError` if it has no conclusion line."""
        name: str | None = None
        hypotheses: list[Hypothesis] = []
        blocks = list(_blocks(text))
        if blocks and blocks[0].startswith("case ") and _NAMES.match(blocks[0]) is None:
            name = blocks.pop(0)[len("case ") :]
        for position, block in enumerate(blocks):
            if block.startswith(TURNSTILE):
                if position != len(blocks) - 1:
                    raise StateSyntaxError(f"goal: line {blocks[position + 1]!r} stands after the conclusion")
                conclusion = block[len(TURNSTILE) :].removeprefix(" ").replace(_INDENT, "\n")
                return cls(tuple(hypotheses), conclusion, name)
            hypotheses.append(Hypothesis.parse(block))
        raise StateSyntaxError(f"goal {text[:80]!r}: wanted a line that starts with '{TURNSTILE}'")


@dataclass(frozen=True, slots=True)
class ProofState:
    """Ordered open goals; the next tactic acts on the first.

    `shelved` and `given_up` count goals that are out of sight but not proved: a state without goals is finished only
    when both are 0.  `handle` names the live state in the session that made it; it takes no part in equality, so
    two states are equal when they look the same.
    """

    goals: tuple[Goal, ...]
    shelved: int = 0
    given_up: int = 0
    handle: int | None = field(default=None, compare=False, repr=False)

    @property
    def text(self) -> str:
        """Goals separated by an empty line, or `no goals`."""
        return "\n\n".join(goal.text for goal in self.goals) if self.goals else NO_GOALS

    @property
    def finished(self) -> bool:
        """No goal of any kind is left.  A hint for the search, never a verdict."""
        return not self.goals and self.shelved == 0 and self.given_up == 0

    @classmethod
    def parse(cls, text: str) -> ProofState:
        """Read the goals back from `text`; raises `StateSyntaxError`."""
        text = text.strip("\n")
        if text.strip() in ("", NO_GOALS):
            return cls(())
        return cls(tuple(Goal.parse(part) for part in _goals(text)))


def _goals(text: str) -> Iterator[str]:
    """The texts of the goals: they end at an empty line that follows a conclusion, and lose their other empty lines."""
    part: list[str] = []
    for lines in text.split("\n\n"):
        part.append(lines)
        if lines.startswith(TURNSTILE) or f"\n{TURNSTILE}" in lines:
            yield "\n".join(part)
            part = []
    if part:
        yield "\n".join(part)


def _blocks(text: str) -> Iterator[str]:
    """The logical lines of a goal: a margin line with the indented lines that continue it."""
    block: list[str] = []
    for line in text.split("\n"):
        if block and not line.startswith("  "):
            yield "\n".join(block)
            block = []
        block.append(line)
    if block:
        yield "\n".join(block)


def _definition(text: str) -> re.Match[str] | None:
    """The ` := ` between a type and a body: outside brackets and strings, and not the one of an inner `let`."""
    depth = pending = position = 0
    while position < len(text):
        character = text[position]
        if character == '"':
            position = max(position, text.find('"', position + 1))
        elif character in _OPENING:
            depth += 1
        elif character in _CLOSING:
            depth -= 1
        elif depth == 0 and (sign := _DEFINED_AS.match(text, position)):
            if pending == 0:
                return sign
            pending -= 1
        elif depth == 0 and _starts_word(text, position) and _word(text, position) in _BINDERS:
            pending += 1
        position += 1
    return None


def _starts_word(text: str, position: int) -> bool:
    return position == 0 or not (text[position - 1].isalnum() or text[position - 1] in "_'.")


def _word(text: str, position: int) -> str:
    end = position
    while end < len(text) and (text[end].isalnum() or text[end] == "_"):
        end += 1
    return text[position:end]
