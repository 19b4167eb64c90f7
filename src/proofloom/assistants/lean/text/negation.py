"""The negation of a Lean statement, put into its file before it, so that what stands in scope is the same."""

from __future__ import annotations

from pathlib import Path

from proofloom.assistants.holes import Hole
from proofloom.assistants.lean.text.declarations import statement
from proofloom.assistants.lean.text.lexing import CLOSING, OPENING, Kind, code
from proofloom.assistants.lean.text.outline import commands
from proofloom.assistants.negation import SUFFIX, Negated, NoNegation, claim_and_binders


def negated(data: bytes, file: Path | None, hole: Hole) -> Negated:
    """The file with `theorem NAME_negated : ¬ (∀ binders, claim)` and a hole for it; raises `NoNegation`."""
    text = data.decode("utf-8").replace("\r\n", "\n")
    command = next((one for one in commands(text) if one.path == hole.path), None)
    if command is None or command.keyword not in ("theorem", "lemma"):
        raise NoNegation("it is no theorem with a name")
    said = statement(text, command)
    start = said.index(command.name, len(command.keyword)) + len(command.name)
    if said[start:].startswith(".{"):
        raise NoNegation("it names universe levels")
    binders, claim = claim_and_binders(said[start:], _outside(said[start:]))
    whole = f"∀ {binders}, {claim}" if binders else claim
    added = f"theorem {command.name}{SUFFIX} : ¬ ({whole}) := by\n  sorry\n"
    return Negated((text[: command.start] + added + text[command.start :]).encode(), f"{hole.path}{SUFFIX}")


def _outside(text: str) -> list[tuple[int, str]]:
    found, depth = [], 0
    for token in code(text):
        if token.kind is Kind.SIGN and token.text in CLOSING:
            depth -= 1
        if depth == 0:
            found.append((token.start, token.text))
        if token.kind is Kind.SIGN and token.text in OPENING:
            depth += 1
    return found
