"""How a script is laid out at the place where it is put: indentation, line ends, bullets that are still free.

A `Place` knows the bytes to be replaced and the proof around them; it answers with the bytes to put there.  Line ends
follow the file, continuation lines follow the column at which the script begins.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from proofloom.assistants.rocq.outline import Record
from proofloom.assistants.rocq.sentences import Sentence, split

WIDTH = 100
"""Characters that a line may have before a proof on one line is broken into several."""

_SELECTOR = re.compile(r"(?:all|par|!|\d[\d, -]*|\[[^\]]*\]) ?:")


def sentences(script: str) -> tuple[str, ...]:
    """The sentences of a script without comments; raises `SourceError`."""
    return tuple(sentence.code for sentence in _split(script))


def bullet(level: int) -> str:
    """The bullet for splits inside `level` others: `-`, `+`, `*`, `--`, `++` .."""
    return "-+*"[level % 3] * (level // 3 + 1)


def closing(script: str) -> str:
    """`script` so that it acts on one goal and must close it: in braces, unless it is one plain tactic."""
    parts = sentences(script)
    if len(parts) == 1 and parts[0].endswith(".") and not _SELECTOR.match(parts[0]):
        return script.strip()
    return "{ " + _hanging(script.strip(), "  ", "\n") + " }"


@dataclass(frozen=True, slots=True)
class Place:
    """Bytes `start` to `end` of `data`, inside the proof `record`, that a script replaces."""

    data: bytes
    record: Record
    start: int
    end: int

    def admit(self, script: str) -> bytes:
        """What stands for an `admit.` sentence."""
        return _bytes(_hanging(closing(script), self._column(self.start), self._newline))

    def rest(self, script: str) -> bytes:
        """What stands for the rest of a proof up to and including `Admitted.`; the script may be empty."""
        script = _with_bullets(script.strip(), self._taken)
        ending = self.record.ending
        blank = self._text(self.start, ending.start if ending else self.end)
        before = self._before
        head = "" if before else "Proof."
        one_line = " " + " ".join(part for part in (head, script, "Qed.") if part)
        if "\n" not in blank and "\n" not in script and self._fits(one_line):
            return _bytes(one_line)
        margin = blank.rpartition("\n")[2] if "\n" in blank else self._margin(self.record.statement)
        text = self._newline + self._margin(self.record.statement) + head if head else ""
        if script:
            if before and before[-1].bullet and not before[-1].raw.startswith(b"}"):
                text += " " + _hanging(script, self._column(self.start) + " ", self._newline)
            else:
                pad = self._pad(before)
                text += self._newline + pad + _hanging(script, pad, self._newline)
        return _bytes(text + self._newline + margin + "Qed.")

    def body(self, script: str, ending: str) -> bytes:
        """What stands for a whole proof after its statement, or after the `Proof ..` sentence that `start` follows."""
        margin = self._margin(self.record.statement)
        text = "" if self.start > self.record.statement.end else self._newline + margin + "Proof."
        if script.strip():
            text += self._newline + margin + "  " + _hanging(script.strip(), margin + "  ", self._newline)
        return _bytes(text + self._newline + margin + ending)

    @property
    def _newline(self) -> str:
        return "\r\n" if b"\r\n" in self.data else "\n"

    @property
    def _before(self) -> list[Sentence]:
        """The sentences between the statement and this place."""
        return [sentence for sentence in self.record.sentences if sentence.end <= self.start]

    @property
    def _taken(self) -> set[str]:
        """Bullets in use at this place: those since the last brace that is still open."""
        levels: list[set[str]] = [set()]
        for sentence in self._before:
            if not sentence.bullet:
                continue
            if sentence.raw.endswith(b"{"):
                levels.append(set())
            elif sentence.raw == b"}":
                if len(levels) > 1:
                    levels.pop()
            else:
                levels[-1].add(sentence.text)
        return levels[-1]

    def _fits(self, text: str) -> bool:
        return len(self._text(self._line_start(self.start), self.start)) + len(text) <= WIDTH

    def _line_start(self, position: int) -> int:
        return self.data.rfind(b"\n", 0, position) + 1

    def _column(self, position: int) -> str:
        """The blanks that reach the column of `position`; tabs stay tabs."""
        return re.sub(r"[^\t]", " ", self._text(self._line_start(position), position))

    def _margin(self, sentence: Sentence) -> str:
        """The indentation of the line on which `sentence` begins."""
        line = self._text(self._line_start(sentence.start), sentence.start)
        return line[: len(line) - len(line.lstrip(" \t"))]

    def _pad(self, before: Sequence[Sentence]) -> str:
        """The indentation of a new line of tactics after the sentences `before`."""
        if not before:
            return self._margin(self.record.statement) + "  "
        line = self._line_start(before[-1].start)
        first = next((sentence for sentence in before if sentence.start >= line and not sentence.bullet), before[-1])
        begins_line = not self._text(line, first.start).strip(" \t-+*{}")
        if first in before[self.record.head :] and begins_line:
            return self._column(first.start)
        return self._margin(first) + "  "

    def _text(self, start: int, end: int) -> str:
        return self.data[start:end].decode("utf-8", "surrogateescape")


def _with_bullets(script: str, taken: set[str]) -> str:
    """`script` with its bullets outside braces renamed, so that none of `taken` is used."""
    free = (name for name in map(bullet, count()) if name not in taken)
    names: dict[str, str] = {}
    depth, position = 0, 0
    pieces: list[bytes] = []
    data = _bytes(script)
    for sentence in _split(script):
        if sentence.raw.endswith(b"{"):
            depth += 1
        elif sentence.raw == b"}":
            depth -= 1
        elif depth == 0 and sentence.bullet and taken:
            if sentence.text not in names:
                names[sentence.text] = next(free)
            pieces += [data[position : sentence.start], names[sentence.text].encode()]
            position = sentence.end
    return b"".join((*pieces, data[position:])).decode("utf-8", "surrogateescape")


def _hanging(text: str, pad: str, newline: str) -> str:
    """`text` with every line but the first moved right by `pad`."""
    first, *others = text.replace("\r\n", "\n").split("\n")
    return newline.join((first, *(pad + line if line.strip() else "" for line in others)))


def _split(script: str) -> tuple[Sentence, ...]:
    return tuple(split(_bytes(script)))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
