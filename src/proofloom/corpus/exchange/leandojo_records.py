"""Between traced records and the JSON objects of LeanDojo, both ways and without loss.

What LeanDojo knows and the records do not (ends, columns, unknown keys) is kept in `extra`; what the records know and
LeanDojo does not stands under the key `proofloom` of the object, which other readers pass over.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from proofloom.corpus.records import Premise, TracedFile, TracedStep, TracedTheorem

OURS = "proofloom"
Json = dict[str, Any]
Definition = tuple[str, list[int], list[int]]
"""Where a premise stands: path, start and end."""

_SORRY = re.compile(r"\bsorry\b")
_PACKAGE = re.compile(r"^(?:\.lake/packages|lake-packages|_target/deps)/[^/]+/")
_SOURCES = re.compile(r"^src/(?:lean/)?")
_KIND = re.compile(r"\b(theorem|lemma|instance|def|example|abbrev)\b")
_POSITION = [int, int]
THEOREM: Mapping[str, Any] = {
    "url": str, "commit": str, "file_path": str, "full_name": str, "start": _POSITION, "end": _POSITION,
    "traced_tactics": list,
}  # fmt: skip
TACTIC: Mapping[str, Any] = {"tactic": str, "annotated_tactic": list, "state_before": str, "state_after": str}
FILE: Mapping[str, Any] = {"path": str, "imports": list, "premises": list}
THEOREM_OURS: Mapping[str, Any] = {
    "kind": str, "start": int, "line": int, "ending": str, "admitted": bool, "human_tactics": int,
}  # fmt: skip
PREMISE: Mapping[str, Any] = {"full_name": str, "code": str, "start": _POSITION, "end": _POSITION, "kind": str}


class RecordError(ValueError):
    """An object that is not LeanDojo's; the message names the record and the field."""


def checked(value: Any, fields: Mapping[str, Any], where: str) -> Json:
    """`value` if it is an object with these fields; raises `RecordError` for the first that is missing or wrong."""
    if not isinstance(value, dict):
        raise RecordError(f"{where}: wanted an object, not {_short(value)}")
    for name, kind in fields.items():
        if name not in value:
            raise RecordError(f"{where}: field {name!r} is missing")
        seen = value[name]
        if kind is _POSITION:
            if not (isinstance(seen, list) and len(seen) == 2 and all(type(number) is int for number in seen)):
                raise RecordError(f"{where}: field {name!r}: wanted [line, column], not {_short(seen)}")
        elif not isinstance(seen, kind):
            raise RecordError(f"{where}: field {name!r}: wanted {kind.__name__}, not {_short(seen)}")
    return value


def place(position: Sequence[int]) -> int:
    """A number that orders positions in a file as (line, column) does, where bytes are not known."""
    return position[0] << 16 | min(position[1], 0xFFFF)


def module_name(path: str) -> str:
    """The logical name of a Lean file: `Mathlib.Order.Basic` for `Mathlib/Order/Basic.lean`, also inside a package."""
    inner = _SOURCES.sub("", _PACKAGE.sub("", path))
    return inner.removesuffix(".lean").replace("/", ".")


def read_theorem(value: Any, where: str, statements: Mapping[str, str]) -> TracedTheorem:
    """The theorem of a LeanDojo object; `statements` has the code of its file's premises, for want of a statement."""
    record = checked(value, THEOREM, where)
    steps = tuple(_read_step(tactic, f"{where}: tactic {i}") for i, tactic in enumerate(record["traced_tactics"]))
    ours = _ours(record, where, THEOREM_OURS)
    name = record["full_name"]
    statement = str(record.get("theorem_statement") or statements.get(name, ""))
    kind = _KIND.search(statement)
    sorry = any(_SORRY.search(step.tactic) for step in steps) or bool(_SORRY.search(statement))
    known = set(THEOREM) - {"start", "end"} | {"theorem_statement"}
    word = str(ours.get("kind", kind[1] if kind else "theorem"))
    return TracedTheorem(
        name, statement, word, ours.get("start", place(record["start"])), ours.get("line", record["start"][0]),
        ours.get("ending", ""), ours.get("admitted", sorry),
        ours.get("human_tactics", len(steps)), steps, _extra(record, known),
    )  # fmt: skip


def write_theorem(
    theorem: TracedTheorem, common: Json, path: str, definition: Callable[[str], Definition | None]
) -> Json:
    """The LeanDojo object of a theorem; `common` has url and commit, `definition` finds a premise by name."""
    extra = json.loads(theorem.extra or "{}")
    own = {
        "kind": theorem.kind, "start": theorem.start, "line": theorem.line, "ending": theorem.ending,
        "admitted": theorem.admitted, "human_tactics": theorem.human_tactics,
    }  # fmt: skip
    end = [1, theorem.start + 1 + len(theorem.statement.encode("utf-8", "surrogatepass"))]
    positions = {} if "start" in extra else {"start": [1, theorem.start + 1], "end": end, OURS: own}
    return {
        **common,
        "file_path": path,
        "full_name": theorem.full_name,
        "theorem_statement": theorem.statement,
        **positions,
        **extra,
        "traced_tactics": [write_step(step, definition) for step in theorem.steps],
    }


def read_premise(value: Any, where: str) -> Premise:
    """The premise of a LeanDojo object."""
    record = checked(value, PREMISE, where)
    start = _ours(record, where, {"start": int}).get("start", place(record["start"]))
    extra = _extra(record, {"full_name", "code", "kind"})
    return Premise(record["full_name"], record["code"], record["kind"], start, extra)


def write_premise(premise: Premise) -> Json:
    """The LeanDojo object of a premise; where columns are not known the file counts as one line of bytes."""
    extra = json.loads(premise.extra or "{}")
    start = [1, premise.start + 1]
    positions = {} if "start" in extra else {"start": start, "end": start, OURS: {"start": premise.start}}
    named = {"full_name": premise.full_name, "code": premise.statement, "kind": premise.kind}
    return {**named, **positions, **extra}


def read_file(value: Any, where: str, theorems: Sequence[TracedTheorem]) -> TracedFile:
    """The file of a line of `corpus.jsonl`, with its theorems.

    Premises whose name is null are passed over, as ReProver does.  Without the bytes of the file the digest is taken
    over what is said about it.
    """
    record = checked(value, FILE, where)
    named = [p for p in record["premises"] if not (isinstance(p, dict) and p.get("full_name", "") is None)]
    premises = tuple(read_premise(premise, f"{where}: premise {i}") for i, premise in enumerate(named))
    for i, name in enumerate(record["imports"]):
        if not isinstance(name, str):
            raise RecordError(f"{where}: import {i}: wanted a path, not {_short(name)}")
    ours = _ours(record, where, {"logical_name": str, "digest": str, "imports": list})
    imports = ours.get("imports", [module_name(path) for path in record["imports"]])
    file = TracedFile(
        ours.get("logical_name", module_name(record["path"])), record["path"], ours.get("digest", ""),
        tuple(dict.fromkeys(imports)), tuple(theorems), premises, _extra(record, {"path", "premises"}),
    )  # fmt: skip
    return (
        file if file.digest else replace(file, digest=hashlib.sha256(repr(file).encode(errors="replace")).hexdigest())
    )


def write_file(file: TracedFile, path_of: Callable[[str], str | None], about: Json) -> Json:
    """The line of `corpus.jsonl`; `about` is what `proofloom` should say beside of a file that was traced here."""
    extra = json.loads(file.extra or "{}")
    own = {"logical_name": file.logical_name, "digest": file.digest, "imports": list(file.imports), **about}
    paths = [path for path in map(path_of, file.imports) if path is not None]
    added = {} if "imports" in extra else {"imports": paths, OURS: own}
    return {"path": file.path, **added, **extra, "premises": [write_premise(premise) for premise in file.premises]}


def write_step(step: TracedStep, definition: Callable[[str], Definition | None]) -> Json:
    """The LeanDojo object of a step; premises that the tactic names are marked in `annotated_tactic`."""
    extra = json.loads(step.extra or "{}")
    own = {"premises": list(step.premises), "goals": step.goals, "cut": step.cut}
    added = {} if "annotated_tactic" in extra else {"annotated_tactic": _annotated(step, definition), OURS: own}
    states = {"state_before": step.state_before, "state_after": step.state_after}
    return {"tactic": step.tactic, **added, **extra, **states}


def _read_step(value: Any, where: str) -> TracedStep:
    record = checked(value, TACTIC, where)
    annotated = record["annotated_tactic"]
    if len(annotated) != 2 or not isinstance(annotated[1], list):
        raise RecordError(f"{where}: field 'annotated_tactic': wanted [text, premises], not {_short(annotated)}")
    names = []
    for i, premise in enumerate(annotated[1]):
        names.append(checked(premise, {"full_name": str}, f"{where}: annotation {i}")["full_name"])
    ours = _ours(record, where, {"premises": list, "cut": bool, "goals": int})
    premises = ours.get("premises", list(dict.fromkeys(names)))
    extra = _extra(record, set(TACTIC) - {"annotated_tactic"})
    states = record["state_before"], record["tactic"], record["state_after"]
    return TracedStep(*states, tuple(premises), ours.get("cut", False), ours.get("goals", 1), extra)


def _ours(record: Json, where: str, fields: Mapping[str, Any]) -> Json:
    """What this program said about the record when it wrote it, or nothing."""
    return checked(record[OURS], fields, f"{where}: {OURS}") if OURS in record else {}


def _annotated(step: TracedStep, definition: Callable[[str], Definition | None]) -> list[Any]:
    text, marks = step.tactic, []
    for name in step.premises:
        found = definition(name)
        path, start, end = found if found is not None else ("", [1, 1], [1, 1])
        marks.append({"full_name": name, "def_path": path, "def_pos": start, "def_end_pos": end})
        parts = name.split(".")
        suffixes = "|".join(re.escape(".".join(parts[i:])) for i in range(len(parts)))
        text = re.sub(rf"(?<![\w.'>])(?:{suffixes})(?![\w'<])(?!\.\w)", lambda match: f"<a>{match[0]}</a>", text)
    return [text, marks]


def _extra(record: Mapping[str, Any], known: set[str]) -> str:
    """What is not in `known`, as JSON; nothing for an object that this program wrote."""
    positions = {"start", "end", "imports", "annotated_tactic"} if OURS in record else set()
    rest = {name: record[name] for name in sorted(set(record) - known - positions - {OURS})}
    return json.dumps(rest, ensure_ascii=False) if rest else ""


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
