"""What a run of `prove` is made of: policy, strategy, budget, axioms; checked when made, kept as TOML.

Everything that can change a result is in one frozen record, so that the `config.toml` of a run folder says all of it
and can be given back with `--config`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from proofloom.app.toml_records import BadInput, choice, made, sub_table, toml, values
from proofloom.policies.names import named_in
from proofloom.policies.premises.retrievers import RETRIEVERS
from proofloom.proofs import Budget
from proofloom.search.strategies import BestFirstConfig, SinglePassConfig

Strategy = BestFirstConfig | SinglePassConfig
STRATEGIES: Mapping[str, type[Strategy]] = {"best-first": BestFirstConfig, "single-pass": SinglePassConfig}


@dataclass(frozen=True, slots=True)
class ProveSettings:
    """What decides the result of a run; raises `BadInput` for a name that does not exist.

    `policy` is what `proofloom.policies.names` reads; `library` is the database that it learns from (a path or a URL,
    empty for the default place), `split` the split whose training part it keeps to (empty for all).  `model` is the
    folder of a model (empty for the one that comes with the package), `retriever` what finds the premises of the policy
    `premises`.  `axioms` are names of the gate's bundles,
    `require` modules of the standard library that may be loaded.
    """

    policy: str = "list"
    library: str = ""
    split: str = ""
    model: str = ""
    retriever: str = "bm25"
    axioms: tuple[str, ...] = ()
    require: tuple[str, ...] = ()
    budget: Budget = field(default_factory=Budget)
    strategy: Strategy = field(default_factory=BestFirstConfig)

    def __post_init__(self) -> None:
        try:
            named_in(self.policy)
        except ValueError as error:
            raise BadInput(str(error)) from error
        choice("retriever", self.retriever, dict.fromkeys(RETRIEVERS))

    @property
    def strategy_name(self) -> str:
        """`best-first` or `single-pass`."""
        return next(name for name, kind in STRATEGIES.items() if isinstance(self.strategy, kind))

    @property
    def toml(self) -> str:
        """The resolved settings, every field of them."""
        top = {
            name: getattr(self, name)
            for name in ("policy", "library", "split", "model", "retriever", "axioms", "require")
        }
        strategy = {"name": self.strategy_name, **values(self.strategy)}
        return toml({"": top, "budget": values(self.budget), "strategy": strategy})

    @classmethod
    def from_toml(cls, text: str, source: str) -> ProveSettings:
        """Settings from TOML in which any field may be missing; `source` names the file in errors (`BadInput`)."""
        try:
            table = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise BadInput(f"{source}: not TOML: {error}") from error
        strategy, budget = sub_table(table, "strategy", source), sub_table(table, "budget", source)
        kind = choice("strategy", str(strategy.pop("name", "best-first")), STRATEGIES)
        for name in ("axioms", "require"):
            table[name] = _texts(table.get(name, []), name, source)
        table |= {"budget": made(Budget, budget, source), "strategy": made(kind, strategy, source)}
        settings: ProveSettings = made(cls, table, source)
        return settings


def read_settings(path: Path) -> ProveSettings:
    """The settings in a TOML file; raises `BadInput`."""
    try:
        return ProveSettings.from_toml(path.read_text("utf-8"), str(path))
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: is not UTF-8 text") from error


def names(text: str) -> tuple[str, ...]:
    """The parts of a comma-separated option, each once."""
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def _texts(value: Any, name: str, source: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise BadInput(f"{source}: {name} must be a list of texts, it is {value!r}")
    return tuple(value)
