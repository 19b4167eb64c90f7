"""What a run of `train` is made of, checked when made, kept as TOML.

Torch is imported only when settings are made, so that the command line runs without it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from proofloom.app.toml_records import BadInput, choice, made, sub_table, toml, values
from proofloom.corpus.library import DEFAULT_PLACE
from proofloom.hierarchy import Reading

if TYPE_CHECKING:
    from proofloom.training.config import FitConfig
    from proofloom.training.examples import Limits

ALL_LAYERS = "all"
"""How TOML says that every layer is constrained."""
BASE_RATE, LORA_RATE = 1e-5, 2e-4
"""The learning rates for a model that was trained before, whole (the baseline's) or by adapters, if none is named."""
MUON_RATE, ADAMW_RATE = 1e-2, 1e-3
"""The learning rates for a new model, by its optimiser, if none is named."""
PROMPT_LOSS = 0.2
"""How much the words of the prompt count for a new model, if that is not named (docs/experiments.md)."""
_TABLES = ("reading", "limits", "fit", "flow")


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """What decides the result of a training: the database, the split, the model, the reading, limits, and how to fit.

    The model is a new one of a `size`, or `base`, a folder or a GGUF file, trained whole or by adapters of rank `lora`.
    `closings` is a file of tactics that automation found at the states of the training part, empty for none.
    """

    library: str
    split: str
    size: str
    base: str
    lora: int
    closings: str
    reading: Reading
    limits: Limits
    fit: FitConfig

    @property
    def toml(self) -> str:
        """The resolved settings, every field of them."""
        flow = values(self.fit.flow)
        flow["hierarchy"] = self.fit.flow.hierarchy.name
        flow["layers"] = ALL_LAYERS if self.fit.flow.layers is None else self.fit.flow.layers
        top = {name: getattr(self, name) for name in ("library", "split", "size", "base", "lora", "closings")}
        tables = {"reading": values(self.reading), "limits": values(self.limits), "fit": self.fit.as_table()}
        return toml({"": top, **tables, "flow": flow})


def train_settings(text: str, source: str, given: Mapping[str, Mapping[str, Any]]) -> TrainSettings:
    """Settings from TOML in which any field may be missing, with what was `given` on the command line instead.

    `given` has the tables of the TOML, the top one under "".  `source` names the file in errors (`BadInput`).
    """
    from proofloom.attention.flow_loss import FlowSettings
    from proofloom.hierarchy import HIERARCHIES
    from proofloom.models.neox import SIZES
    from proofloom.training.config import FitConfig
    from proofloom.training.examples import Limits

    try:
        top = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{source}: not TOML: {error}") from error
    tables = {name: {**sub_table(top, name, source), **given.get(name, {})} for name in _TABLES}
    named = {"library": str(DEFAULT_PLACE), "split": "", "size": "", "base": "", "lora": 0, "closings": ""}
    top = {**named, **top, **given.get("", {})}
    if top["base"]:
        if top["size"]:
            raise BadInput(
                f"{source}: size {top['size']} and base {top['base']}: wanted a new model or one that is there"
            )
        tables["fit"] = {"learning_rate": LORA_RATE if top["lora"] else BASE_RATE, **tables["fit"]}
    else:
        top["size"] = str(top["size"] or "nano")
        choice("size", top["size"], SIZES)
        fit = {"optimiser": "muon", "prompt_loss": PROMPT_LOSS, **tables["fit"]}
        tables["fit"] = {"learning_rate": MUON_RATE if fit["optimiser"] == "muon" else ADAMW_RATE, **fit}
        if top["lora"]:
            raise BadInput(f"{source}: lora {top['lora']} without a base: a new model has nothing to adapt")
    if not isinstance(top["lora"], int) or isinstance(top["lora"], bool) or top["lora"] < 0:
        raise BadInput(f"{source}: lora {top['lora']}: wanted a rank, a whole number of at least 1, or 0 for none")
    flow = tables["flow"]
    if "hierarchy" in flow:
        flow["hierarchy"] = choice("hierarchy", str(flow["hierarchy"]), HIERARCHIES)
    if flow.get("layers") == ALL_LAYERS:
        flow["layers"] = None
    tables["fit"]["flow"] = made(FlowSettings, flow, source)
    top["reading"] = made(Reading, tables["reading"], source)
    top |= {"limits": made(Limits, tables["limits"], source), "fit": made(FitConfig, tables["fit"], source)}
    settings: TrainSettings = made(TrainSettings, top, source)
    return settings
