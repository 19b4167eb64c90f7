"""Heat maps of attention as PNG files, drawn by matplotlib without a display.

Rows are queries and what they read stands along them, so in the map by tokens everything above the diagonal is empty.
Matplotlib is imported when something is drawn.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from proofloom.app.inspection.flow_report import COLOURS, ModelFlows
from proofloom.evaluation.attention_flows import Keys, mean_shares
from proofloom.hierarchy import OUTSIDE, Level

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COUNT = len(Level)
_MOST_NAMED = 90
"""Tokens that can be named beside a map; of more only the levels are shown."""
_INK, _FORBIDDEN, _MISSING = "#222222", COLOURS[Level.GOAL], "#dddddd"


def level_map(models: Sequence[ModelFlows]) -> bytes:
    """Layer x (query level, key level), mean over states, in %: two maps for each model, with the first token and
    without.  What is limited is framed; a line divides constrained layers from the others.
    """
    from matplotlib.figure import Figure

    maps = [(model, keys) for model in models for keys in Keys]
    figure = Figure()
    grid = _grid(figure, [13.4], [0.3 * model.depth for model, _ in maps], left=0.5, above=0.6, below=0.7)
    for axes, (model, keys) in zip(grid[:, 0], maps, strict=True):
        _draw_levels(axes, model, keys)
    return _png(figure)


def token_map(models: Sequence[ModelFlows]) -> bytes:
    """Query token x key token on the first state: one row for each model, one map for each of its chosen layers.

    The colour is the square root of the attention, so that small shares are seen too.
    """
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    sides = [min(12.0, max(4.0, 0.13 * len(model.tokens))) for model in models]
    columns = max(len(model.panels) for model in models)
    figure = Figure()
    grid = _grid(figure, [max(sides)] * columns, sides, left=1.0, above=1.2, below=0.4)
    for axes in grid.flat:
        axes.set_axis_off()
    for row, model in zip(grid, models, strict=True):
        for axes, layer in zip(row, model.panels, strict=False):
            _draw_tokens(axes, model, layer)
    legend = [Patch(color=COLOURS[level], label=level.name.lower()) for level in Level]
    figure.legend(handles=legend, loc="lower center", ncols=_COUNT, fontsize=9)
    return _png(figure)


def _draw_levels(axes: Any, model: ModelFlows, keys: Keys) -> None:
    from matplotlib.patches import Rectangle

    cells = mean_shares(model.shares[keys]).reshape(model.depth, _COUNT * _COUNT)
    axes.imshow(np.ma.masked_invalid(cells), cmap=_colours(), vmin=0, vmax=1, aspect="auto")
    for layer, column in np.argwhere(~np.isnan(cells)):
        share = cells[layer, column]
        colour = "white" if share > 0.55 else _INK
        axes.text(column, layer, f"{100 * share:.0f}", ha="center", va="center", fontsize=7, color=colour)
    for query in range(_COUNT):
        left, limited = query * _COUNT - 0.5, _COUNT - 1 - query
        axes.axvline(left, color="white", linewidth=4)
        frame = Rectangle(
            (left + query + 1.04, -0.44),
            limited - 0.16,
            model.depth - 0.12,
            fill=False,
            edgecolor=_FORBIDDEN,
            linewidth=1.5,
        )
        if limited:
            axes.add_patch(frame)
    if 0 < model.constrained < model.depth:
        axes.axhline(model.constrained - 0.5, color=_INK, linewidth=1, linestyle="--")
    names = [level.name.lower() for level in Level]
    axes.set_xticks(range(_COUNT * _COUNT), names * _COUNT, rotation=60, fontsize=7, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(model.depth), range(1, model.depth + 1), fontsize=7)
    axes.set_ylabel("layer", fontsize=8)
    above = axes.secondary_xaxis("top")
    above.set_xticks([query * _COUNT + 2 for query in range(_COUNT)], [f"query: {name}" for name in names], fontsize=8)
    axes.set_title(f"{model.name}, {keys.value}", fontsize=9, parse_math=False)


def _draw_tokens(axes: Any, model: ModelFlows, layer: int) -> None:
    from matplotlib.colors import ListedColormap, PowerNorm

    count = len(model.tokens)
    axes.set_axis_on()
    later = np.triu(np.ones((count, count), dtype=bool), 1)
    axes.imshow(np.ma.masked_array(model.attention[layer], later), cmap=_colours("white"), norm=PowerNorm(0.5, 0, 1))
    axes.set_title(f"{model.name}, layer {layer + 1}", fontsize=9, parse_math=False)
    axes.xaxis.tick_top()
    axes.set_xticks([])
    axes.set_yticks([])
    if count <= _MOST_NAMED:
        names = [token.replace(" ", "␣").replace("\n", "⏎") for token in model.tokens]
        for axis, turned in ((axes.xaxis, 90), (axes.yaxis, 0))[: 2 if layer == model.panels[0] else 1]:
            axis.set_ticks(range(count), names, fontsize=6, rotation=turned, parse_math=False)
            for label, level in zip(axis.get_ticklabels(), model.levels, strict=True):
                label.set_color(_INK if level == OUTSIDE else COLOURS[level])
    strip = ListedColormap([COLOURS[level] for level in (OUTSIDE, *Level)])
    levels = np.array(model.levels)
    for bounds, row in (((0, -0.025, 1, 0.02), levels[None]), ((1.005, 0, 0.02, 1), levels[:, None])):
        side = axes.inset_axes(bounds)
        side.imshow(row, cmap=strip, vmin=OUTSIDE - 0.5, vmax=_COUNT - 0.5, aspect="auto", interpolation="nearest")
        side.set_axis_off()


def _grid(
    figure: Figure, widths: Sequence[float], heights: Sequence[float], *, left: float, above: float, below: float
) -> Any:
    """Axes (rows, columns) of these sizes, with room to the left of each, above and below; all in inches.

    The layouts of matplotlib measure every label several times, which takes longer than drawing.
    """
    width, height = sum(widths) + left * len(widths) + 0.3, sum(heights) + (above + below) * len(heights) + 0.2
    figure.set_size_inches(width, height)
    grid = np.empty((len(heights), len(widths)), dtype=object)
    top = height
    for row, tall in enumerate(heights):
        top -= above + tall
        for column, wide in enumerate(widths):
            start = left * (column + 1) + sum(widths[:column])
            grid[row, column] = figure.add_axes((start / width, top / height, wide / width, tall / height))
        top -= below
    return grid


def _colours(missing: str = _MISSING) -> Any:
    from matplotlib import colormaps

    return colormaps["Blues"].with_extremes(bad=missing)


def _png(figure: Figure) -> bytes:
    """The figure as a file, the same for the same figure."""
    data = io.BytesIO()
    with warnings.catch_warnings():
        # A sign that the font lacks is drawn as a box, which says enough.
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .*missing from")
        figure.savefig(data, format="png", dpi=110, metadata={"Software": None})
    return data.getvalue()
