"""One question to the gate, with what the checks have found out so far; each thing is worked out when first needed."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cached_property

from proofloom.assistants.gate.axioms import Allowance
from proofloom.assistants.gate.confinement import GateLimits
from proofloom.assistants.gate.refusals import Doubt, Refusal
from proofloom.assistants.gate.rocq.edition import Edition
from proofloom.assistants.gate.rocq.place import Place
from proofloom.assistants.gate.rocq.probe import LIBRARY
from proofloom.assistants.gate.rocq.reading import Missing, Reading
from proofloom.assistants.gate.rocq.reliance import under_file, under_statement
from proofloom.assistants.gate.rocq.sections import chosen, closed_over, cut_after, in_section, section_variables
from proofloom.assistants.gate.rocq.universes import Fixation
from proofloom.proofs import Finding

_WORD = re.compile(r"[^\W\d][\w']*")


@dataclass
class Case:
    """A candidate for one theorem of a reference.

    `axioms`, `bundles` and `digest` end up in the verdict; the checks fill them in.  `note` says where the reference
    could not be used as it stands.
    """

    reference: Edition
    candidate: Edition
    theorem: str
    allowance: Allowance
    limits: GateLimits
    axioms: tuple[str, ...] = ()
    bundles: tuple[str, ...] = ()
    digest: str = ""
    note: str = ""

    @property
    def library(self) -> str:
        """The logical name of the file."""
        return self.reference.settings.logical_name

    @cached_property
    def fixation(self) -> Fixation:
        """Which universe levels the candidate may not change."""
        words = (word for sentence in self.reference.sentences for word in _WORD.findall(sentence.code))
        return Fixation(self.asked[0].name, frozenset(words))

    @cached_property
    def base(self) -> Edition:
        """The reference; or only what comes before the end of the theorem, if what follows needs the missing proof."""
        try:
            _ = self.reference.compiled
            return self.reference
        except Refusal as refusal:
            error = Refusal(Finding.NOT_CHECKED, f"the reference: {refusal.reason}")
            if refusal.finding is not Finding.INCOMPLETE:
                raise error from refusal
        try:
            part = self.reference.sibling(cut_after(self.reference, self.theorem))
            _ = part.compiled
        except (Refusal, Doubt):
            raise error from None
        self.note = f"the reference compiles no further than the theorem: {error.reason}"
        return part

    @cached_property
    def asked(self) -> tuple[Place, Reading]:
        """Where the theorem is reached, and what it says in the reference as it stands."""
        try:
            return self.base.theorem(self.theorem)
        except Missing as missing:
            reason = f"the reference has no theorem {self.theorem}: {missing}"
            raise Refusal(Finding.NOT_CHECKED, reason) from missing

    @cached_property
    def found(self) -> Reading:
        """What the theorem says in the candidate."""
        place, reading = self.asked
        return self.candidate.read(place, expected=reading.asked)

    @cached_property
    def said(self) -> Reading:
        """What the theorem says in the reference, closed over the section variables that the candidate uses."""
        place, plain = self.asked
        if plain.statement == self.found.statement or not in_section(self.base, self.theorem):
            return plain
        try:
            variables = chosen(section_variables(self.base, self.theorem), self.found.arguments)
            closed = self.base.sibling(closed_over(self.base, self.theorem, variables))
            return _shortened(closed, self.theorem).read(place, expected=plain.asked)
        except (Refusal, Missing, Doubt) as error:
            self.note = f"the reference cannot be closed over the section variables that the candidate uses: {error}"
            return plain

    @cached_property
    def under_statement(self) -> frozenset[str]:
        """Which axioms of other files, among those under the candidate's proof, the statement rests on."""
        place, reading = self.asked
        return self.base.remembered(
            ("statement", self.theorem, *self._foreign),
            lambda: under_statement(self.base.probe, place, sorted(reading.mentioned), self._foreign),
        )

    @cached_property
    def under_file(self) -> frozenset[str]:
        """Which of the same axioms any constant of the reference rests on."""
        return self.base.remembered(("file", *self._foreign), lambda: under_file(self.base.probe, self._foreign))

    @property
    def _foreign(self) -> tuple[str, ...]:
        return tuple(sorted(item.path for item in self.found.assumptions if not self.is_own(item.path)))

    def is_own(self, path: str) -> bool:
        """True for what the file itself declares, or a module that the probe declared to apply a functor."""
        return path.startswith((f"{self.library}.", f"{LIBRARY}#."))


def _shortened(edition: Edition, theorem: str) -> Edition:
    """The edition without what follows the theorem, which takes less time; all of it if that does not compile."""
    part = edition.sibling(cut_after(edition, theorem))
    try:
        _ = part.compiled
    except Refusal:
        return edition
    return part


def digest_of(reading: Reading, fixation: Fixation) -> str:
    """SHA-256 of a statement with all that it mentions inside the file, and the universe levels that are fixed."""
    definitions = reading.closure(sorted(reading.mentioned))
    levels = {
        path: reading.levels[path] for path in ("", *sorted(definitions)) if fixation.levels(reading.levels[path])
    }
    record = [reading.statement, sorted(reading.constraints), sorted(definitions.items()), sorted(levels.items())]
    return hashlib.sha256(json.dumps(record).encode()).hexdigest()
