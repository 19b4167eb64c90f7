"""The third file: we write it, it loads a compiled file without importing it, and asks questions about it.

Each answer stands between two marks made of a random number that nobody could know when the compiled file was made,
and whatever does not read exactly as expected is a `Doubt`, never a yes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from proofloom.assistants.gate.confinement import Ending, GateLimits, Run, run
from proofloom.assistants.gate.refusals import Doubt
from proofloom.assistants.gate.rocq.build import Compiled, failure
from proofloom.assistants.rocq.toolchain import RocqToolchain

# A compiled file may carry options that come into force when it is loaded (`Global Set`), so all that has a say in
# printing is set after it; names unknown to a version are no error.
_OPTIONS = """Set Printing All. Set Printing Width 1000000. Set Printing Depth 1000000.
Set Printing Primitive Projection Parameters. Set Printing Raw Literals. Unset Printing Universes.
Unset Printing Use Implicit Types. Unset Printing Allow Match Default Clause. Unset Printing Wildcard.
Unset Printing Factorizable Match Patterns. Unset Printing Synth. Unset Printing Matching. Unset Printing Records.
Unset Printing Float. Unset Printing Projections. Unset Printing Compact Contexts. Unset Printing Parentheses.
Unset Printing Unfolded Projection As Match. Unset Printing Fully Qualified. Unset Printing Existential Instances.
Unset Short Module Printing. Unset Fast Name Printing. Unset Mangle Names. Unset Program Mode.
Unset Universe Polymorphism. Set Universe Checking. Set Guard Checking. Set Positivity Checking. Set Debug "-all"."""
LIBRARY = "ProofloomProbe_"


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers to the queries of one probe, as far as it got, and Rocq's message on the first that failed."""

    texts: tuple[str, ...]
    failure: str | None

    @property
    def whole(self) -> tuple[str, ...]:
        """All answers; raises `Doubt` if a query failed."""
        if self.failure is not None:
            raise Doubt(self.failure)
        return self.texts


@dataclass(slots=True)
class Probe:
    """Asks questions about one compiled file.  `runs` are the processes that it started."""

    target: Compiled
    toolchain: RocqToolchain
    folder: Path
    limits: GateLimits
    fresh_nonce: Callable[[], str]
    runs: list[Run] = field(default_factory=list)

    def ask(self, queries: Sequence[str], preamble: Sequence[str] = ()) -> Answers:
        """Ask `queries` in a fresh process after the sentences of `preamble`.

        In both, `#` stands for the random number; in the answers it stands for it again, so that answers of two
        probes can be compared.  Raises `Doubt` if the marks are not all there in order, and `Refusal` for a limit.
        """
        nonce = self.fresh_nonce()
        folder = self.folder / f"probe{len(self.runs)}"
        folder.mkdir(parents=True)
        source = folder / f"{LIBRARY}{nonce}.v"
        source.write_text(self._text(queries, preamble).replace("#", nonce), "utf-8")
        command = [*self.toolchain.coqc, "-q", "-noinit", "-w", "none", *self.target.paths, "-noglob", source.name]
        done = run([*command, "-native-compiler", "no"], folder, self.limits)
        self.runs.append(done)
        if not done.good and done.ending is not Ending.EXIT:
            raise failure(done, "the questions about the compiled file were not answered")
        return self.answers(done, nonce, len(queries))

    def _text(self, queries: Sequence[str], preamble: Sequence[str]) -> str:
        lines = [f"Require {self.target.name}.", _OPTIONS]
        for number, query in enumerate([f"Locate Library {self.target.name}.", "\n".join(preamble), *queries]):
            lines += [f"Locate Term m{number}_#.", query]
        return "\n".join([*lines, "Locate Term end_#.", *(f"End Level#_{level}." for level in _levels(preamble)), ""])

    def answers(self, done: Run, nonce: str, count: int) -> Answers:
        """Cut the output of a probe with `count` queries at its marks; raises `Doubt`."""
        pieces = re.split(rf"^No (?:term|object) of basename (\w+_{nonce})\n", done.out, flags=re.MULTILINE)
        marks, texts = pieces[1::2], pieces[2::2]
        expected = [*(f"m{number}_{nonce}" for number in range(count + 2)), f"end_{nonce}"]
        if marks != expected[: len(marks)]:
            raise Doubt(f"marks of the answers are {marks[:3]}..., wanted {expected[:3]}...")
        complete = len(marks) == len(expected)
        if complete is not done.good:
            raise Doubt(f"the probe ended with status {done.status} after {len(marks)} of {len(expected)} marks")
        if len(marks) < 2:
            raise Doubt(f"the compiled file cannot be loaded: {done.message}")
        self._require_ours(texts[0])
        answers = tuple(text.replace(nonce, "#") for text in texts[2 : len(marks) - 1])
        return Answers(answers, None if complete else done.message)

    def _require_ours(self, text: str) -> None:
        """The file that was loaded is the one that we compiled, not another of its name."""
        expected = f"{self.target.name} has been loaded from file {self.target.object}"
        if text.strip() != expected:
            raise Doubt(f"another file was loaded: {text.strip()!r}, wanted {expected!r}")


def _levels(preamble: Sequence[str]) -> list[int]:
    """The numbers of the modules that a preamble leaves open, innermost first."""
    found = [int(number) for line in preamble for number in re.findall(r"^Module Level#_(\d+)\.", line)]
    return found[::-1]
