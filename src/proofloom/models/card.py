"""The card of a model: what it was trained on, from which seeds, and what came out; a pure function of these facts.

There is one for models that write tactics and one for encoders that find premises.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_FRONT_LICENCE = re.compile(r"---\nlicense: (\S+)\n")
_FRONT = """\
---
license: {license}
library_name: {library}
pipeline_tag: {task}
tags: [theorem-proving]
---
"""

_STARTED = " Training started from `{base}`{whose}."
_THEIRS = ", whose licence holds for it too"
OURS, OTHER = "apache-2.0", "other"
"""The licence of a model that we made from nothing, and how a card says that it is somebody else's."""
_USE = """\
## Use

The model continues `[GOAL]` state `[PROOFSTEP]` with a tactic and `<|endoftext|>`. It proposes; a proof is one only
when an independent check has accepted it.

```python
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("FOLDER")
model = AutoModelForCausalLM.from_pretrained("FOLDER")
```
"""
_USE_ENCODER = """\
## Use

It turns goals and premises into vectors of length 1 whose inner product says how well they fit.

```console
$ proofloom index --encoder FOLDER
$ proofloom search "rev (x ++ y) = rev y ++ rev x" --by dense
```
"""


@dataclass(frozen=True)
class CardFacts:
    """What a card says.

    `data` names the libraries, `split` is `name@version` with its `digest`; `examples` counts what was trained and
    validated on and what was cut or left out; `settings` are those of the training, `figures` what was measured.
    `family` is the kind of model, `base` the model that training started from, empty for a new one, and `licence` that
    of the base.
    """

    name: str
    parameters: int
    data: str
    split: str
    digest: str
    examples: Mapping[str, int] = field(default_factory=dict)
    seeds: Mapping[str, int] = field(default_factory=dict)
    settings: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    figures: Mapping[str, float] = field(default_factory=dict)
    family: str = "GPT-NeoX"
    base: str = ""
    licence: str = OURS


def licence_of(card: str) -> str:
    """The licence that a card of this module names; `OTHER` for a card of somebody else, or none."""
    if not (front := _FRONT_LICENCE.match(card)) or "tags: [theorem-proving]" not in card:
        return OTHER
    return front[1]


def model_card(facts: CardFacts) -> str:
    """The card as Markdown with the front matter that model hubs read; the same facts give the same text."""
    return _card(facts, "transformers", "text-generation", "proposes tactics", _USE)


def encoder_card(facts: CardFacts) -> str:
    """The same for an encoder of goals and premises."""
    return _card(facts, "proofloom", "feature-extraction", "finds premises for goals", _USE_ENCODER)


def _card(facts: CardFacts, library: str, task: str, does: str, use: str) -> str:
    family, base = _line(facts.family), _line(facts.base)
    parts = [
        _FRONT.format(license=facts.licence, library=library, task=task),
        f"# {_line(facts.name)}\n\nA {family} model of {facts.parameters:,} parameters that {does}."
        f"{_STARTED.format(base=base, whose=_THEIRS if facts.licence == OTHER else '') if base else ''}\n",
        f"## Data\n\n{_line(facts.data)}. Split `{_line(facts.split)}`, digest `{_line(facts.digest)}`.\n",
        *(
            f"{title}| {name} | {unit} |\n|---|---|\n"
            + "".join(f"| {_line(k)} | {_shown(v)} |\n" for k, v in rows.items())
            for title, name, unit, rows in (
                ("", "examples", "number", facts.examples),
                ("## Seeds\n\n", "of", "seed", facts.seeds),
                ("## Training\n\n", "setting", "value", facts.settings),
                ("## Figures\n\n", "figure", "value", facts.figures),
            )
            if rows
        ),
        use,
    ]
    return "\n".join(parts)


def _line(text: str) -> str:
    """One line that ends no cell of a table."""
    return " ".join(text.split()).replace("|", r"\|")


def _shown(value: str | int | float | bool) -> str:
    if isinstance(value, str):
        return _line(value)
    return f"{value:.6g}" if isinstance(value, float) else str(value)
