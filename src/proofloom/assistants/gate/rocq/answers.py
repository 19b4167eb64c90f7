"""Reads single answers of Rocq: of `About`, `Locate Term`, `Check`, `Print` and `Print Assumptions`.

What does not read exactly as expected is a `Doubt`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from proofloom.assistants.gate.refusals import Doubt

_ABOUT = re.compile(r"^Expands to: (Constant|Inductive|Constructor) (\S+)$", re.MULTILINE)
_ARGUMENTS = re.compile(r"^Arguments \S+ (.*)$", re.MULTILINE)
_ENTRY = re.compile(r"(\S+)(?: :(?:\s.*)?|( is assumed to be \w+| relies on .*)\.)?", re.DOTALL)
_USE = re.compile(r"used in \S+ to prove(?:\n|$)")
_INDUCTIVE = ("Inductive ", "CoInductive ", "Variant ", "Record ", "Structure ", "Class ")
IN_CONTEXT = r"\(shorter name to refer to it in current context is (\S+)\)(?: \(alias of \S+\))?$"
_NOT_BARE = re.compile(rf"No (?:term|object) of |.* {IN_CONTEXT}")
_CLOSED = "Closed under the global context"


@dataclass(frozen=True, slots=True)
class Global:
    """What a printed name stands for: `Constant`, `Inductive` or `Constructor`, and its full path."""

    kind: str
    path: str
    opaque: bool = False
    transparent: bool = False
    polymorphic: bool = False
    arguments: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The form in which the name stands in a normal form."""
        return f"{self.kind}:{self.path}"


def require_free(query: str, answer: str) -> None:
    """A name without a dot has to stand for nothing global; `Locate` also lists longer names that end in it."""
    for line in answer.splitlines():
        longer = _NOT_BARE.match(line)
        if longer is None or (longer[1] is not None and "." not in longer[1]):
            raise Doubt(f"{query} answers {line!r}: a bound name is also a global one")


def term_of(question: str, answer: str) -> str:
    """The type in an answer of `Check`, body and type in one of `Print`.

    What follows an empty line is about arguments, what comes first is the name that was asked for.
    """
    text = answer.partition("\n\n")[0]
    cut = "\n     : " if "Check @" in question else " = "
    if cut in text and not text.startswith(_INDUCTIVE):
        return text.partition(cut)[2]
    if text.startswith(_INDUCTIVE):
        return text
    raise Doubt(f"{question} answers {text[:80]!r}")


def global_of(name: str, text: str) -> Global:
    """What the answer of `About` says about `name`; raises `Doubt`."""
    found = _ABOUT.findall(text)
    if len(found) != 1:
        raise Doubt(f"About {name}: {text[-200:]!r}")
    kind, path = found[0]
    arguments = _ARGUMENTS.search(text)
    return Global(
        kind=kind,
        path=path,
        opaque=re.search(r"^\S+ is opaque$", text, re.MULTILINE) is not None,
        transparent=re.search(r"^\S+ is (?:basically )?transparent", text, re.MULTILINE) is not None,
        polymorphic=re.search(r"^\S+ is universe polymorphic", text, re.MULTILINE) is not None,
        arguments=tuple(re.findall(r"[^\s()\[\]{}%]+", re.sub(r"%\w+", "", arguments[1]))) if arguments else (),
    )


def listed_assumptions(text: str) -> list[tuple[str, str]]:
    """The entries of an answer of `Print Assumptions`: name, and what is said of it if it is not an axiom."""
    if text.strip() == _CLOSED:
        return []
    head, _, body = text.partition("\n")
    if head != "Axioms:":
        raise Doubt(f"Print Assumptions: {head!r}")
    entries = re.split(r"\n(?=\S)", body.rstrip("\n"))
    found: list[tuple[str, str]] = []
    for entry in entries:
        if found and _USE.match(entry):
            continue  # of an axiom whose type is empty it also says where that is used
        match = _ENTRY.fullmatch(entry)
        if match is None:
            raise Doubt(f"Print Assumptions: {entry[:80]!r}")
        found.append((match[1], (match[2] or "").strip()))
    return found


def assumes_itself(path: str, answer: str) -> bool:
    """True if `Print Assumptions` of a constant without a body names the constant; else a signature hides the body."""
    return any(path == name or path.endswith(f".{name}") for name, _ in listed_assumptions(answer))
