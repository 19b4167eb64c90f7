"""What a traced library is made of, before it is stored: files, theorems, steps and premises as immutable records.

Tracers and importers produce these, the database stores them, exporters read them back; nothing here knows of a
process or a disk.  Field names are LeanDojo's where the meaning is the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class TracedStep:
    """One atomic tactic with the whole proof state (all goals, shared layout) before and after it.

    `premises` are full names of the constants that occur in the tactic, in order of appearance, each once.
    `cut` is True if a state was longer than the limit and its end was dropped.  `goals` is how many of the first goals
    the tactic acts on: 1 for a plain step, more for a step of a `;` chain that acts on all that its head produced.
    `extra`, here and below, is a JSON object of what a foreign format said beside these fields; empty if nothing.
    """

    state_before: str
    tactic: str
    state_after: str
    premises: tuple[str, ...] = ()
    cut: bool = False
    goals: int = 1
    extra: str = ""


@dataclass(frozen=True, slots=True)
class TracedTheorem:
    """One statement with its proof as it was replayed.

    `kind` is the word that opens the statement (`Lemma`, `Instance`, ...), `start` its byte in the file and `line` its
    line, counted from 1; `ending` is the sentence that closes the proof, and `admitted` is True if there is no proof.
    `human_tactics` counts the tactic sentences of the source, before chains are taken apart.
    """

    full_name: str
    statement: str
    kind: str
    start: int
    line: int
    ending: str
    admitted: bool
    human_tactics: int
    steps: tuple[TracedStep, ...]
    extra: str = ""


@dataclass(frozen=True, slots=True)
class Premise:
    """One constant that a proof may use: a lemma, definition, constructor, axiom, with the byte where it starts."""

    full_name: str
    statement: str
    kind: str
    start: int
    extra: str = ""


@dataclass(frozen=True, slots=True)
class TracedFile:
    """One source file: its logical name, its path below the library's root, the SHA-256 of its bytes, its direct
    imports by logical name, and what is in it, in order."""

    logical_name: str
    path: str
    digest: str
    imports: tuple[str, ...]
    theorems: tuple[TracedTheorem, ...]
    premises: tuple[Premise, ...]
    extra: str = ""


@dataclass(frozen=True, slots=True)
class Repository:
    """One library at one commit, as read by one version of an assistant; `traced_on` is no part of its identity.

    `url` is where it comes from (an address, or the folder's path), `commit` names the state of its files; `assistant`
    is `rocq` or `lean`.
    """

    url: str
    commit: str
    assistant: str
    assistant_version: str
    traced_on: date
