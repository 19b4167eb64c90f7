"""The reference as far as the theorem, with its hole closed over chosen section variables.

A theorem inside a section gains the section variables that its proof uses as premises when the section closes, so its
proof decides what it says from outside.  Any choice is sound, since only variables of the reference are generalised;
so the candidate's own choice is read off the names of its arguments and made in the reference with `Proof using`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from proofloom.assistants.gate.refusals import Doubt
from proofloom.assistants.gate.rocq.edition import Edition
from proofloom.assistants.rocq.vernacular import Role, command_of

_HYPOTHESIS = re.compile(r"^  ([^\s:][^:]*?) :", re.MULTILINE)
_SECTION = re.compile(r"^(?:Section|Chapter) ")


def in_section(edition: Edition, theorem: str) -> bool:
    """False if no section is opened before the theorem."""
    start = edition.span(theorem)[0].start
    return any(_SECTION.match(sentence.text) for sentence in edition.sentences if sentence.start < start)


def section_variables(edition: Edition, theorem: str) -> tuple[str, ...]:
    """The variables of the sections that are open at the theorem, oldest first, as Rocq shows them."""
    start = edition.span(theorem)[0].start
    nonce = edition.shop.fresh_nonce()
    question = f"Goal Prop. Set Printing Width 1000000. Locate Term a_{nonce}. Show. Locate Term b_{nonce}. Abort.\n"
    done = edition.compile_part(edition.text[:start] + question.encode())
    shown = re.search(rf"(?s)^No \w+ of basename a_{nonce}$(.*)^No \w+ of basename b_{nonce}$", done, re.MULTILINE)
    if shown is None:
        raise Doubt("the section variables at the theorem cannot be read")
    return tuple(name for group in _HYPOTHESIS.findall(shown[1]) for name in group.split(", "))


def chosen(variables: Sequence[str], arguments: Sequence[str]) -> tuple[str, ...]:
    """The variables that the leading `arguments` of a theorem name: as many as come in the order of `variables`."""
    left = list(variables)
    found: list[str] = []
    for argument in arguments:
        if argument not in left:
            break
        del left[: left.index(argument) + 1]
        found.append(argument)
    return tuple(found)


def closed_over(edition: Edition, theorem: str, variables: Sequence[str]) -> bytes:
    """The text of `edition` with the proof of `theorem` replaced by an admitted one that uses `variables`."""
    statement, end = edition.span(theorem)
    using = " ".join(variables) or "Type"
    return edition.text[: statement.end] + f"\nProof using {using}.\nAdmitted.".encode() + edition.text[end:]


def cut_after(edition: Edition, theorem: str) -> bytes:
    """The text of `edition` up to the end of the theorem's proof, with the modules and sections closed that are open.

    What follows a theorem has no say in what it states.
    """
    _, end = edition.span(theorem)
    scopes: list[str] = []
    for sentence in edition.sentences:
        command = command_of(sentence.code) if sentence.raw[:1].isupper() and sentence.end <= end else None
        if command is not None and command.role in (Role.MODULE, Role.SECTION):
            scopes.append(command.name)
        elif command is not None and command.role is Role.LEAVES and scopes and scopes[-1] == command.name:
            scopes.pop()
    return edition.text[:end] + "".join(f"\nEnd {name}." for name in reversed(scopes)).encode()
