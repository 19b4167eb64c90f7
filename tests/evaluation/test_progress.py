"""What is said while long work goes on."""

from __future__ import annotations

from proofloom.evaluation.progress import Progress, told_seconds


class Watch:
    """A clock that is set by hand."""

    now = 100.0

    def wall(self) -> float:
        return self.now

    def cpu(self) -> float:
        return 0.0


def test_the_time_left_counts_only_what_was_done_now() -> None:
    watch, said = Watch(), list[str]()
    progress = Progress("theorems", 40, 20, watch, said.append)
    watch.now = 130.0
    progress.advance(2)
    watch.now = 131.0
    progress.advance()
    watch.now = 170.0
    progress.advance(7, "3 proved")
    watch.now = 175.0
    progress.advance(10)
    assert said == [
        "22 of 40 theorems, 4 min left",
        "30 of 40 theorems, 3 proved, 70 s left",
        "40 of 40 theorems",
    ]


def test_time_is_told_in_a_unit_that_fits() -> None:
    assert [told_seconds(left) for left in (8.4, 600, 9000)] == ["8 s left", "10 min left", "2.5 h left"]
