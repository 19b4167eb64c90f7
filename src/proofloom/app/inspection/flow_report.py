"""What `inspect` found, as lines for people, as JSON objects and as one static page.

Pure: from states and measured flows to texts.  The page needs no server, no script and no network.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, StrictUndefined
from numpy.typing import NDArray

from proofloom import __version__
from proofloom.evaluation.attention_flows import Flow, Keys, Shares, flow_table, flow_types, mean_shares
from proofloom.hierarchy import FIVE_LEVELS, OUTSIDE, Level, LevelledText
from proofloom.hierarchy.nested import NestedSignal
from proofloom.hierarchy.picture import picture
from proofloom.hierarchy.signals import state_tree

COLOURS = {
    OUTSIDE: "#ffffff",
    Level.CONTEXT: "#9c9c9c",
    Level.CASE: "#b279a2",
    Level.TYPE: "#4c78a8",
    Level.INSTANCE: "#54a24b",
    Level.GOAL: "#e45756",
}
"""The colour of each level, on the page and in the pictures."""
_WORD = re.compile(r"\w+|[^\w\s]+")
_CELL = len("100.0 / 100.0 / 100.0")


@dataclass(frozen=True)
class ModelFlows:
    """One model: how it is called, its flows on all states, and its attention on the first one.

    `shares` are (N, L, 5, 5); the first `constrained` layers are set apart; `cut` counts prompts that did not fit.
    `tokens` and `levels` (T) are those of the first prompt, `attention` (L, T, T) is drawn for `panels`, layers from 0.
    """

    name: str
    constrained: int
    cut: int
    shares: Mapping[Keys, Shares]
    tokens: Sequence[str]
    levels: Sequence[int]
    attention: NDArray[np.float64]
    panels: Sequence[int]

    @property
    def depth(self) -> int:
        """How many layers there are."""
        return len(self.attention)

    @property
    def groups(self) -> dict[str, range]:
        """The constrained layers and the others, by what they are called; a group without layers is left out."""
        parts = (range(self.constrained), range(self.constrained, self.depth))
        return {f"layers {part.start + 1}-{part.stop}": part for part in parts if part}

    def table(self, keys: Keys) -> NDArray[np.float64]:
        """(G, 5, 3), as `flow_table` for the groups."""
        return flow_table(self.shares[keys], [list(part) for part in self.groups.values()])


def model_names(folders: Sequence[Path]) -> list[str]:
    """The last parts of each path, as many as tell the folders apart: `runs/a/model` and `runs/b/model` are `a/model`
    and `b/model`.
    """
    longest = max(len(folder.parts) for folder in folders)
    for count in range(1, longest + 1):
        names = ["/".join(folder.parts[-count:]) for folder in folders]
        if len(set(names)) == len(folders):
            return names
    return [folder.as_posix() for folder in folders]


def can_flow(state: LevelledText) -> bool:
    """True if anything in the state can have a limited flow: a lower level stands after a higher one."""
    return FIVE_LEVELS.can_flow(state.character_levels())


def state_lines(state: LevelledText) -> Iterator[tuple[Level, int, str]]:
    """Each printed line with its level and the number of its goal."""
    for span in state.spans:
        for line in state.text[span.start : span.end].removesuffix("\n").split("\n"):
            yield Level(span.level), span.goal, line


def told_state(state: LevelledText) -> Iterator[str]:
    """The lines of a state with their levels in front."""
    for level, _, line in state_lines(state):
        yield f"{level.name.lower():10}{line}".rstrip()


def told_tree(state: LevelledText) -> list[str]:
    """The tree of a state in lines of text; its leaves are words and signs."""
    offsets = [match.span() for match in _WORD.finditer(state.text)]
    tree = NestedSignal.of([state_tree(state, offsets)], len(offsets))
    return picture(tree, [state.text[start:end] for start, end in offsets])


def told_flows(models: Sequence[ModelFlows], states: Sequence[LevelledText]) -> Iterator[str]:
    """The tables of the flows, the models side by side."""
    yield headline(states)
    yield from (f"{model.name}: {note}" for model in models for note in notes(model))
    for keys in Keys:
        widths = [max(len(model.name), (_CELL + 2) * len(model.groups) - 2) for model in models]
        tables = [model.table(keys) for model in models]
        groups = ["  ".join(group.ljust(_CELL) for group in model.groups) for model in models]
        yield ""
        yield keys.value
        yield _row("", [model.name for model in models], widths)
        yield _row("query", groups, widths)
        for level in Level:
            cells = ["  ".join(_cell(flows[level]) for flows in table) for table in tables]
            yield _row(level.name.lower(), cells, widths)


def headline(states: Sequence[LevelledText]) -> str:
    """What the numbers of the tables are."""
    count = len(states)
    over = "1 state" if count == 1 else f"{count:,} states"
    able = sum(map(can_flow, states))
    return (
        f"attention in %: {' / '.join(Flow)}; mean over {over}, of which {able:,} can have a limited flow, "
        "and over the layers of a group"
    )


def notes(model: ModelFlows) -> Iterator[str]:
    """What must be known about the numbers of a model."""
    if model.cut:
        yield f"{model.cut:,} states were too long and are cut as in training"


def state_object(state: LevelledText) -> dict[str, Any]:
    """A JSON object: the state, whether it can have a limited flow, its lines with level and goal (from 0)."""
    lines = [{"level": level.name.lower(), "goal": goal, "text": line} for level, goal, line in state_lines(state)]
    return {"state": state.text, "can_flow": can_flow(state), "lines": lines}


def model_object(model: ModelFlows) -> dict[str, Any]:
    """A JSON object: for either choice of keys the table by groups and by single layers, null where nothing is read.

    `states` counts the states that have a query of each level.
    """
    flows = {}
    for keys in Keys:
        shares = model.shares[keys]
        flows[keys.value] = {
            "states": _by_level((~np.isnan(shares[:, 0, :, 0])).sum(0).tolist()),
            "groups": {
                name: _by_level([_by_flow(row) for row in flows])
                for name, flows in zip(model.groups, model.table(keys), strict=True)
            },
            "layers": [_by_level([_by_flow(row) for row in layer]) for layer in flow_types(mean_shares(shares))],
        }
    return {"model": model.name, "constrained": model.constrained, "cut": model.cut, "flows": flows}


def inspection_page(
    title: str,
    states: Sequence[LevelledText],
    shown: int,
    models: Sequence[ModelFlows],
    pictures: Mapping[str, bytes],
    *,
    trees: bool = False,
) -> str:
    """The page about `states`, of which the first `shown` are printed, with their `trees` if these are wanted;
    `pictures` are PNG files by their captions.
    """
    text = resources.files("proofloom.app.inspection").joinpath("inspect.html.jinja").read_text("utf-8")
    template = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    names = {int(level): level.name.lower() for level in Level} | {OUTSIDE: "outside"}
    return template.from_string(text).render(
        title=title,
        version=__version__,
        levels=names,
        colours=COLOURS,
        states=[(list(state_lines(state)), told_tree(state) if trees else []) for state in states[:shown]],
        headline=headline(states),
        notes=[f"{model.name}: {note}" for model in models for note in notes(model)],
        models=models,
        tables={
            keys.value: [(level.name.lower(), [_cell(group[level]) for group in groups]) for level in Level]
            for keys in Keys
            for groups in [[group for model in models for group in model.table(keys)]]
        },
        pictures={caption: base64.b64encode(data).decode() for caption, data in pictures.items()},
    )


def _row(head: str, blocks: Sequence[str], widths: Sequence[int]) -> str:
    padded = [block.ljust(width) for block, width in zip(blocks, widths, strict=True)]
    return "  ".join([head.ljust(8), *padded]).rstrip()


def _cell(flows: NDArray[np.float64]) -> str:
    if np.isnan(flows).any():
        return "-".center(_CELL)
    return " / ".join(f"{100 * share:5.1f}" for share in flows.tolist())


def _by_level(values: Sequence[Any]) -> dict[str, Any]:
    return {level.name.lower(): value for level, value in zip(Level, values, strict=True)}


def _by_flow(row: NDArray[np.float64]) -> dict[str, float | None]:
    return {flow.value: None if math.isnan(share) else share for flow, share in zip(Flow, row.tolist(), strict=True)}
