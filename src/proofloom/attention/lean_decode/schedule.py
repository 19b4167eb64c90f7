"""Who computes what in stream-K decode attention: equal shares of one line of key tiles, whatever the batch looks like.

Every sequence and key head is one *output*; its keys are cut into tiles of equal size.  All tiles of all outputs are
laid on one line (sequence by sequence, head by head), and the line is cut into as many equal shares as there are
programs.  A share may cross outputs, so an output may be the work of several programs: the one with its first tile is
its *host*, and merges what the others leave in their slots.  (LeanAttention, arXiv 2405.10480, after stream-K,
arXiv 2301.03598.)
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate


@dataclass(frozen=True, slots=True)
class Segment:
    """The tiles `first` to `last` - 1, of `count`, of one output, all done by one program."""

    program: int
    output: int
    first: int
    last: int
    count: int

    @property
    def host(self) -> bool:
        """It has the first tile of its output, so its program writes the result."""
        return self.first == 0

    @property
    def finishing(self) -> bool:
        """It has the last tile of its output."""
        return self.last == self.count


@dataclass(frozen=True, slots=True)
class Schedule:
    """`counts`: tiles of each output, in the order of the line; `programs`: how many share them.

    Loads differ by one tile at most.  Only the first segment of a program can be one that is not the host's, so one
    slot for each program is enough; only its last can be one whose output goes on in the next program, and what a host
    waits for is then the first that its partners do.  Raises `ValueError` for no programs or an output without tiles.
    """

    counts: tuple[int, ...]
    programs: int

    def __post_init__(self) -> None:
        if self.programs < 1:
            raise ValueError(f"schedule for {self.programs} programs: wanted at least 1")
        for output, count in enumerate(self.counts):
            if count < 1:
                raise ValueError(f"output {output} of {count} tiles: wanted at least 1, so a sequence of 1 key or more")

    @classmethod
    def over(cls, lengths: Sequence[int], heads: int, tile: int, most_programs: int) -> Schedule:
        """For sequences of `lengths` keys, each read by `heads` key heads, in tiles of `tile` keys.

        At most `most_programs` programs, and no more than one for two tiles unless there are more outputs than that:
        below this, merging costs more than the tile.
        """
        if heads < 1 or tile < 1:
            raise ValueError(f"{heads} heads and tiles of {tile} keys: wanted at least 1 of each")
        counts = tuple(-(-length // tile) for length in lengths for _ in range(heads))
        return cls(counts, min(most_programs, max(1, len(counts), (sum(counts) + 1) // 2)))

    @property
    def tiles(self) -> int:
        """All tiles, the length of the line."""
        return sum(self.counts)

    @property
    def offsets(self) -> tuple[int, ...]:
        """Where on the line each output begins, and at last where the line ends."""
        return tuple(accumulate(self.counts, initial=0))

    def start(self, program: int) -> int:
        """The first tile on the line of `program`, which is the end of the one before it."""
        share, rest = divmod(self.tiles, self.programs)
        return program * share + min(program, rest)

    def segments(self) -> Iterator[Segment]:
        """What each program does, in the order in which it does it; program by program."""
        offsets = self.offsets
        for program in range(self.programs):
            place, end = self.start(program), self.start(program + 1)
            while place < end:
                output = bisect_right(offsets, place) - 1
                last = min(end, offsets[output + 1])
                yield Segment(program, output, place - offsets[output], last - offsets[output], self.counts[output])
                place = last

    def partners(self, segment: Segment) -> range:
        """The programs whose slots the host of an unfinished `segment` merges, in this order; found by arithmetic."""
        if not segment.host or segment.finishing:
            return range(0)
        end = self.offsets[segment.output + 1]
        last = segment.program + 1
        while last < self.programs and self.start(last) < end:
            last += 1
        return range(segment.program + 1, last)

    def efficiency(self, processors: int) -> float:
        """Share of the time of `processors`, each running one program at a time, that is spent on tiles: at most 1.

        Counts tiles alone: no cost of merging, no limit by bandwidth, so it bounds a gain and does not predict it.
        """
        rounds = -(-self.programs // processors)
        return self.tiles / (processors * rounds * -(-self.tiles // self.programs))
