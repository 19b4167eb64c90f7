"""One edition of the file, reference or candidate: compiled once, in its own folder, and asked as often as needed.

All that is learned is kept in memory, so nothing that is compiled later can change what was read before.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from proofloom.assistants.gate.axioms import WELL_KNOWN
from proofloom.assistants.gate.confinement import GateLimits, Run
from proofloom.assistants.gate.refusals import Doubt, Refusal
from proofloom.assistants.gate.rocq.build import Compiled, compile_text, compiler_run
from proofloom.assistants.gate.rocq.checker import Summary, recheck
from proofloom.assistants.gate.rocq.mentions import mentioned
from proofloom.assistants.gate.rocq.place import Place, find_place
from proofloom.assistants.gate.rocq.probe import Probe
from proofloom.assistants.gate.rocq.reading import Missing, Reader, Reading
from proofloom.assistants.rocq.project import FileSettings
from proofloom.assistants.rocq.sentences import Sentence, split
from proofloom.assistants.rocq.source import Source
from proofloom.assistants.rocq.toolchain import RocqToolchain
from proofloom.assistants.session import AssistantError
from proofloom.proofs import Finding


@dataclass(frozen=True)
class Workshop:
    """What every edition is made with: toolchain, limits, the source of random numbers, and a folder of its own."""

    toolchain: RocqToolchain
    limits: GateLimits
    fresh_nonce: Callable[[], str]
    folder: Path


class Edition:
    """A text of the file under its settings.  `runs` are the processes that were spent on it."""

    def __init__(self, text: bytes, settings: FileSettings, workshop: Workshop) -> None:
        self.text = text
        self.settings = settings
        self.folder = workshop.folder / workshop.fresh_nonce()
        self.runs: list[Run] = []
        self.shop = workshop
        self._compiled: Compiled | None = None
        self._error: Refusal | None = None
        self._remembered: dict[tuple[str, ...], frozenset[str]] = {}
        self._siblings: dict[bytes, Edition] = {}
        self._scopes: dict[str, Place] = {}
        self._readings: dict[tuple[Place, frozenset[str]], Reading] = {}

    @property
    def compiled(self) -> Compiled:
        """The compiled file; raises `Refusal`, at once if Rocq has refused the text before."""
        if self._error is not None:
            raise self._error
        if self._compiled is None:
            shop, folder = self.shop, self.folder / f"build{len(self.runs)}"
            try:
                self._compiled = compile_text(self.text, self.settings, shop.toolchain, folder, shop.limits, self.runs)
            except Refusal as refusal:
                self._error = refusal if refusal.finding is Finding.INCOMPLETE else None
                raise
        return self._compiled

    @cached_property
    def probe(self) -> Probe:
        """Asks the compiled file."""
        shop = self.shop
        return Probe(self.compiled, shop.toolchain, self.folder / "probes", shop.limits, shop.fresh_nonce, self.runs)

    @cached_property
    def summary(self) -> Summary:
        """What the independent checker says of the compiled file; raises `Refusal` or `Doubt`."""
        shop = self.shop
        return recheck(self.compiled, shop.toolchain, self.folder / "checker", shop.limits, self.runs)

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        """The sentences of the text; raises `SourceError` if it cannot be cut."""
        return tuple(split(self.text))

    @cached_property
    def source(self) -> Source:
        """The outline of the text; raises `Doubt` if it cannot be cut."""
        try:
            return Source(self.text)
        except AssistantError as error:
            raise Doubt(str(error)) from error

    def remembered(self, key: tuple[str, ...], ask: Callable[[], frozenset[str]]) -> frozenset[str]:
        """The answer to a question that was asked before under the same key, or else of `ask`."""
        if key not in self._remembered:
            self._remembered[key] = ask()
        return self._remembered[key]

    def sibling(self, text: bytes) -> Edition:
        """The same file with another text, kept as long as this one."""
        if text not in self._siblings:
            self._siblings[text] = Edition(text, self.settings, self.shop)
        return self._siblings[text]

    def discard(self) -> None:
        """Remove what was compiled."""
        shutil.rmtree(self.folder, ignore_errors=True)
        for edition in self._siblings.values():
            edition.discard()

    def compile_part(self, part: bytes) -> str:
        """What the compiler prints for a part of the reference with our own questions at its end."""
        done = compiler_run(
            part, self.settings, self.shop.toolchain, self.folder / f"part{len(self.runs)}", self.shop.limits, self.runs
        )
        return done.out

    def span(self, theorem: str) -> tuple[Sentence, int]:
        """The sentence that states the theorem and the byte where its proof ends; raises `Doubt` if it is not found."""
        ends = {proof.start: proof.body[1] for proof in self.source.proofs if proof.path == theorem}
        ends |= {hole.start: hole.end for hole in self.source.holes if hole.path == theorem}
        if len(ends) != 1:
            raise Doubt(f"{len(ends)} proofs of {theorem} are found in the source")
        start, end = ends.popitem()
        return next(sentence for sentence in self.sentences if sentence.start == start), end

    def theorem(self, theorem: str) -> tuple[Place, Reading]:
        """Where the theorem can be reached and what it says; raises `Missing` or `Doubt` if it cannot be reached."""
        modules, _, name = theorem.rpartition(".")
        plain = Place.plain(self.compiled.name, modules)
        if modules not in self._scopes:
            try:
                return plain.of(name), self.read(plain.of(name))
            except Missing:
                self._scopes[modules] = find_place(self.probe, modules)
        place = self._scopes[modules].of(name)
        return place, self.read(place)

    def read(self, place: Place, roots: Sequence[str] = (), expected: Sequence[str] = ()) -> Reading:
        """What the theorem at `place` says and, with the definitions of `roots`, rests on; raises as `Reader.read`.

        `expected` are questions that will probably come up.
        """
        key = (place, frozenset(roots))
        if key not in self._readings:
            reader = Reader(self.probe, place, roots, WELL_KNOWN if expected else self._guesses(place))
            self._readings[key] = reader.read(expected)
        return self._readings[key]

    def _guesses(self, place: Place) -> tuple[str, ...]:
        """Names on which the theorem seems to rest, from the sentences that seem to state it."""
        word = re.compile(rf"^[#A-Z].*? {re.escape(place.theorem)}(?![\w'])", re.DOTALL)
        stating = (code for code in (sentence.code for sentence in self.sentences) if word.match(code[:200]))
        return mentioned(self.sentences, " ".join(stating))
