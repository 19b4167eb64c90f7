"""The negation of a Rocq statement, put into its file before it, so that what stands in scope is the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from proofloom.assistants.holes import Hole
from proofloom.assistants.negation import SUFFIX, Negated, NoNegation, claim_and_binders
from proofloom.assistants.rocq.vernacular import NAME

_STATED = re.compile(
    rf"(?:Local |Global )?(?:Theorem|Lemma|Fact|Remark|Corollary|Proposition|Property|Example) (?P<name>{NAME})"
    r"(?P<rest>.*)\.",
    re.DOTALL,
)
_SIGN = re.compile(r"[(\[{]|[)\]}]|:=|:")


def negated(data: bytes, file: Path | None, hole: Hole) -> Negated:
    """The file with `Lemma NAME_negated : ~ (forall binders, claim)` and a hole for it; raises `NoNegation`."""
    stated = _STATED.fullmatch(" ".join(hole.statement.split()))
    if stated is None:
        raise NoNegation("it is no theorem with a name")
    binders, claim = claim_and_binders(stated["rest"], _outside(stated["rest"]))
    whole = f"forall {binders}, {claim}" if binders else claim
    name = f"{stated['name']}{SUFFIX}"
    text = f"Lemma {name} : ~ ({whole}).\nProof.\nAdmitted.\n"
    return Negated(data[: hole.start] + text.encode() + data[hole.start :], f"{hole.path}{SUFFIX}")


def _outside(text: str) -> Iterator[tuple[int, str]]:
    depth = 0
    for match in _SIGN.finditer(text):
        if match[0] in "([{":
            depth += 1
        elif match[0] in ")]}":
            depth -= 1
        elif depth == 0:
            yield match.start(), match[0]
