"""Pictures of a schedule, programs down and tiles across: as text, and as SVG for documents.

In both each row is a program and each cell a tile.  As text an output is a letter: capital where the host computes it,
small where the result goes into the program's slot.
"""

from __future__ import annotations

from html import escape
from string import ascii_uppercase

from proofloom.attention.lean_decode.schedule import Schedule

_COLOURS = ("#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#76b7b2", "#edc948", "#b07aa1", "#9c755f")
_CELL, _LEFT, _TOP = 18, 112, 30


def schedule_text(schedule: Schedule) -> str:
    """One line for each program, then who merges what; letters repeat after 26 outputs."""
    rows = [""] * schedule.programs
    merges = []
    for segment in schedule.segments():
        letter = _letter(segment.output)
        rows[segment.program] += (letter if segment.host else letter.lower()) * (segment.last - segment.first)
        partners = schedule.partners(segment)
        if partners:
            slots = ", ".join(map(str, partners))
            merges.append(f"program {segment.program} merges slots {slots} into {letter}")
    width = len(str(schedule.programs - 1))
    return "\n".join([f"program {number:{width}}  {row}" for number, row in enumerate(rows)] + merges)


def schedule_svg(schedule: Schedule, title: str) -> str:
    """An SVG document: a colour for each output, pale where the result goes into a slot; lines lead to its host."""
    widest = max(schedule.start(number + 1) - schedule.start(number) for number in range(schedule.programs))
    width, height = _LEFT + _CELL * widest + 8, _TOP + (_CELL + 6) * schedule.programs + 8
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<text x="6" y="18">{escape(title)}</text>',
    ]
    tops = [_TOP + (_CELL + 6) * number for number in range(schedule.programs)]
    parts += [f'<text x="6" y="{top + 13}">program {number}</text>' for number, top in enumerate(tops)]
    filled = [0] * schedule.programs
    for segment in schedule.segments():
        colour = _COLOURS[segment.output % len(_COLOURS)]
        top = tops[segment.program]
        for _ in range(segment.first, segment.last):
            left = _LEFT + _CELL * filled[segment.program]
            filled[segment.program] += 1
            parts.append(
                f'<rect x="{left}" y="{top}" width="{_CELL - 2}" height="{_CELL}" fill="{colour}" '
                f'fill-opacity="{1 if segment.host else 0.4}"/>'
            )
        for partner in schedule.partners(segment):
            slot, host = tops[partner] + 6, top + 12
            parts.append(
                f'<path d="M{_LEFT - 4} {slot} C{_LEFT - 30} {slot} {_LEFT - 30} {host} {_LEFT - 4} {host}" '
                f'fill="none" stroke="#333"/><circle cx="{_LEFT - 4}" cy="{slot}" r="3" fill="#333"/>'
            )
    return "\n".join([*parts, "</svg>"]) + "\n"


def _letter(output: int) -> str:
    return ascii_uppercase[output % len(ascii_uppercase)]
