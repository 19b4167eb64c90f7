"""Records of settings as TOML: read with complaints that name the field and the file, written with every field."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from enum import Enum
from typing import Any, TypeVar

Value = TypeVar("Value")


class BadInput(Exception):
    """What the user gave cannot be worked with; one line that names the thing, the value and what is valid."""


def choice(what: str, name: str, valid: Mapping[str, Value]) -> Value:
    """`valid[name]`; raises `BadInput` with the names that exist."""
    if name not in valid:
        raise BadInput(f"unknown {what} {name!r}; valid: {', '.join(valid)}")
    return valid[name]


def sub_table(table: dict[str, Any], name: str, source: str) -> dict[str, Any]:
    """The sub-table `name`, taken out."""
    found = table.pop(name, {})
    if not isinstance(found, dict):
        raise BadInput(f"{source}: [{name}] must be a table, it is {found!r}")
    return found


def made(kind: Any, given: Mapping[str, Any], source: str) -> Any:
    """`kind(**given)`, with its complaints as `BadInput`."""
    known = {item.name: item for item in fields(kind)}
    for name in given:
        choice(f"setting in {source}:", name, known)
    try:
        return kind(**{name: _typed(known[name].default, value) for name, value in given.items()})
    except (ValueError, TypeError) as error:
        raise BadInput(f"{source}: {error}") from error


def _typed(default: object, value: Any) -> Any:
    """TOML has no enums and writes 30.0 as 30: `value` in the type of the field's default."""
    if isinstance(default, Enum | float) and not isinstance(value, bool):
        return type(default)(value)
    return value


def values(record: Any) -> dict[str, Any]:
    """The fields of a record by name."""
    return {item.name: getattr(record, item.name) for item in fields(record)}


def toml(tables: Mapping[str, Mapping[str, Any]]) -> str:
    """Tables as TOML, the top one, which comes first, under ""."""
    blocks = []
    for name, table in tables.items():
        head = [f"[{name}]"] if name else []
        blocks.append("\n".join([*head, *(f"{field} = {_toml(value)}" for field, value in table.items())]) + "\n")
    return "\n".join(blocks)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Iterable) and not isinstance(value, str):
        return f"[{', '.join(_toml(item) for item in value)}]"
    if isinstance(value, int | float):
        return repr(value)
    return json.dumps(str(value))
