"""What a run of `prove` is made of: policy, strategy, budget, axioms; checked when made, kept as TOML.

Everything that can change a result is in one frozen record, so that the `config.toml` of a run folder says all of it
and can be given back with `--config`.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

from proofloom.policies.named import parts_of
from proofloom.proofs import Budget
from proofloom.search.strategies import BestFirstConfig, SinglePassConfig

Value = TypeVar("Value")

Strategy = BestFirstConfig | SinglePassConfig
STRATEGIES: Mapping[str, type[Strategy]] = {"best-first": BestFirstConfig, "single-pass": SinglePassConfig}


class BadInput(Exception):
    """What the user gave cannot be worked with; one line that names the thing, the value and what is valid."""


@dataclass(frozen=True, slots=True)
class ProveSettings:
    """What decides the result of a run; raises `BadInput` for a name that does not exist.

    `policy` is one name or several with `+` between; `library` is the database that it learns from (a path or a URL,
    empty for the default place), `split` the split whose training part it keeps to (empty for all).  `axioms` are
    names of the gate's bundles, `require` modules of the standard library that may be loaded.
    """

    policy: str = "list"
    library: str = ""
    split: str = ""
    axioms: tuple[str, ...] = ()
    require: tuple[str, ...] = ()
    budget: Budget = field(default_factory=Budget)
    strategy: Strategy = field(default_factory=BestFirstConfig)

    def __post_init__(self) -> None:
        try:
            parts_of(self.policy)
        except ValueError as error:
            raise BadInput(str(error)) from error

    @property
    def strategy_name(self) -> str:
        """`best-first` or `single-pass`."""
        return next(name for name, kind in STRATEGIES.items() if isinstance(self.strategy, kind))

    @property
    def toml(self) -> str:
        """The resolved settings, every field of them."""
        top = {name: getattr(self, name) for name in ("policy", "library", "split", "axioms", "require")}
        strategy = {"name": self.strategy_name, **_values(self.strategy)}
        tables = {"budget": _values(self.budget), "strategy": strategy}
        lines = _lines(top)
        for name, table in tables.items():
            lines += ["", f"[{name}]", *_lines(table)]
        return "\n".join(lines) + "\n"

    @classmethod
    def from_toml(cls, text: str, source: str) -> ProveSettings:
        """Settings from TOML in which any field may be missing; `source` names the file in errors (`BadInput`)."""
        try:
            table = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise BadInput(f"{source}: not TOML: {error}") from error
        strategy, budget = _table(table, "strategy", source), _table(table, "budget", source)
        kind = choice("strategy", str(strategy.pop("name", "best-first")), STRATEGIES)
        for name in ("axioms", "require"):
            table[name] = _texts(table.get(name, []), name, source)
        table |= {"budget": _made(Budget, budget, source), "strategy": _made(kind, strategy, source)}
        settings: ProveSettings = _made(cls, table, source)
        return settings


def read_settings(path: Path) -> ProveSettings:
    """The settings in a TOML file; raises `BadInput`."""
    try:
        return ProveSettings.from_toml(path.read_text("utf-8"), str(path))
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: is not UTF-8 text") from error


def choice(what: str, name: str, valid: Mapping[str, Value]) -> Value:
    """`valid[name]`; raises `BadInput` with the names that exist."""
    if name not in valid:
        raise BadInput(f"unknown {what} {name!r}; valid: {', '.join(valid)}")
    return valid[name]


def names(text: str) -> tuple[str, ...]:
    """The parts of a comma-separated option, each once."""
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def _table(table: dict[str, Any], name: str, source: str) -> dict[str, Any]:
    """The sub-table `name`, taken out."""
    found = table.pop(name, {})
    if not isinstance(found, dict):
        raise BadInput(f"{source}: [{name}] must be a table, it is {found!r}")
    return found


def _texts(value: Any, name: str, source: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise BadInput(f"{source}: {name} must be a list of texts, it is {value!r}")
    return tuple(value)


def _made(kind: Any, values: Mapping[str, Any], source: str) -> Any:
    """`kind(**values)`, with its complaints as `BadInput`."""
    known = {item.name: item for item in fields(kind)}
    for name in values:
        choice(f"setting in {source}:", name, known)
    try:
        return kind(**{name: _typed(known[name].default, value) for name, value in values.items()})
    except (ValueError, TypeError) as error:
        raise BadInput(f"{source}: {error}") from error


def _typed(default: object, value: Any) -> Any:
    """TOML has no enums and writes 30.0 as 30: `value` in the type of the field's default."""
    if isinstance(default, Enum | float) and not isinstance(value, bool):
        return type(default)(value)
    return value


def _values(record: Any) -> dict[str, Any]:
    return {item.name: getattr(record, item.name) for item in fields(record)}


def _lines(table: Mapping[str, Any]) -> list[str]:
    return [f"{name} = {_toml(value)}" for name, value in table.items()]


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Iterable) and not isinstance(value, str):
        return f"[{', '.join(_toml(item) for item in value)}]"
    if isinstance(value, int | float):
        return repr(value)
    return json.dumps(str(value))
