"""What a theorem states, as Lean prints it with nothing left out, with every definition of its file under it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from proofloom.assistants.gate.lean.probe import EXPLICIT, Edition, names_in, quoted
from proofloom.assistants.gate.refusals import Doubt, Refusal
from proofloom.proofs import Finding

_MOST_ROUNDS = 50


def closure(edition: Edition, theorem: str) -> dict[str, str]:
    """The theorem and all that its statement mentions in the file, each with what Lean prints for it."""
    said: dict[str, str] = {}
    known: set[str] = set()
    new = [theorem]
    for _ in range(_MOST_ROUNDS):
        texts = printed(edition, new)
        if texts.get(theorem, "") is None:
            raise Refusal(Finding.NOT_CHECKED, f"the reference has no theorem {theorem}")
        said |= {name: text for name, text in texts.items() if text is not None}
        known |= set(new)
        words = {name for text in texts.values() if text is not None for name in names_in(text)} - known
        if not words:
            return said
        asked = sorted(words)
        library = edition.ask([f"#check @{quoted(word)}" for word in asked], EXPLICIT, alone=True)
        new = [word for word, answer in zip(asked, library, strict=True) if answer is None]
        known |= words
        if not new:
            return said
    raise Doubt(f"the definitions under {theorem} go deeper than {_MOST_ROUNDS}")


def printed(edition: Edition, names: Sequence[str]) -> dict[str, str | None]:
    """For each name its type, and its body if it is not a theorem; None for what is no constant."""
    types = edition.ask([f"#check @{quoted(name)}" for name in names], EXPLICIT)
    there = [name for name, text in zip(names, types, strict=True) if text is not None]
    found: dict[str, str | None] = dict(zip(names, types, strict=True))
    bodies = edition.ask([f"#print {quoted(name)}" for name in there], EXPLICIT) if there else []
    for name, body in zip(there, bodies, strict=True):
        if body is None:
            raise Doubt(f"#print {name} was not answered")
        if not re.match(r"(?:@\[[^\]]*\]\s*)?(?:protected |private |noncomputable )*theorem ", body):
            found[name] = f"{found[name]}\n{body}"
    return found
