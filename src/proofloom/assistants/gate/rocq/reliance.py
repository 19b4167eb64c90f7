"""The axioms from outside that the reference relies on already, by its statement and by what is proved in it.

A file about real numbers rests on the axioms of real numbers whatever is proved in it; so does a filled hole of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from proofloom.assistants.gate.rocq.answers import listed_assumptions
from proofloom.assistants.gate.rocq.place import Place
from proofloom.assistants.gate.rocq.probe import Probe

_PER_DEFINITION = 300


def under_statement(probe: Probe, place: Place, mentioned: Sequence[str], axioms: Sequence[str]) -> frozenset[str]:
    """Which of `axioms` lie under the constants that a statement mentions, given by full path.  Raises `Doubt`."""
    return _asked(probe, place, mentioned, axioms)


def under_file(probe: Probe, axioms: Sequence[str]) -> frozenset[str]:
    """Which of `axioms` lie under any constant of the file that is not in a functor.  Raises `Doubt`."""
    library = probe.target.name
    listing = f"Set Search Output Name Only.\nSearch _ inside {library}.\nUnset Search Output Name Only."
    names = probe.ask([listing]).whole[0].split()
    return _asked(probe, Place(library), names, axioms)


def _asked(probe: Probe, place: Place, names: Sequence[str], axioms: Sequence[str]) -> frozenset[str]:
    located = [f"Locate Term {axiom}." for axiom in axioms]
    texts = probe.ask([*located, *_assumed(names)], place.preamble).whole
    shown = {_shown(axiom, text): axiom for axiom, text in zip(axioms, texts, strict=False)}
    found = {name for text in texts[len(axioms) :] for name, flag in listed_assumptions(text) if not flag}
    return frozenset(axiom for name, axiom in shown.items() if name in found)


def _assumed(names: Sequence[str]) -> list[str]:
    """Questions for the axioms under any of `names`, by way of definitions that mention them all."""
    queries: list[str] = []
    for start in range(0, len(names), _PER_DEFINITION):
        lets = " ".join(f"let _ := @{name} in" for name in names[start : start + _PER_DEFINITION])
        queries.append(f"Definition all{start}_# := {lets} Prop.\nPrint Assumptions all{start}_#.")
    return queries


def _shown(axiom: str, located: str) -> str:
    """The name under which this probe prints `axiom`; one that it does not know prints under no name."""
    match = re.match(
        rf"Constant {re.escape(axiom)} (?:\(shorter name to refer to it in current context is (\S+)\))?", located
    )
    return "" if match is None else match[1] or axiom
