"""Which statements of public benchmarks are known to be wrong, and why: the data is `errata.toml` beside this module.

A score on a benchmark with its faults and one without them are two numbers; so an evaluation says which it is.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Fault:
    """One statement: the benchmark and its split, the name, what is wrong, and where that was said."""

    benchmark: str
    assistant: str
    split: str
    name: str
    why: str
    source: str


@cache
def faults(assistant: str) -> Mapping[str, Fault]:
    """The known faults of statements for an assistant (`lean`, `rocq`), by name."""
    text = (files("proofloom.evaluation.statements") / "errata.toml").read_text(encoding="utf-8")
    listed = [Fault(**entry) for entry in tomllib.loads(text)["fault"]]
    return {fault.name: fault for fault in listed if fault.assistant == assistant}


def faulty(name: str, assistant: str) -> Fault | None:
    """The fault of a problem called `name`, or `FILE:NAME` where its file holds several; None if none is known."""
    known = faults(assistant)
    return known.get(name) or known.get(name.rpartition(":")[2])
