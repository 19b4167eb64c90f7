"""One question to the gate, with what the checks have found out so far; each thing is worked out when first needed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property

from proofloom.assistants.gate.axioms import Allowance
from proofloom.assistants.gate.build import Refusal
from proofloom.assistants.gate.confinement import GateLimits
from proofloom.assistants.gate.edition import Edition
from proofloom.assistants.gate.place import Place
from proofloom.assistants.gate.probe import LIBRARY, Doubt
from proofloom.assistants.gate.reading import Missing, Reading
from proofloom.assistants.gate.reliance import under_file, under_statement
from proofloom.assistants.gate.sections import chosen, closed_over, in_section, section_variables
from proofloom.proofs import Finding


@dataclass
class Case:
    """A candidate for one theorem of a reference.

    `axioms`, `bundles` and `digest` end up in the verdict; the checks fill them in.
    """

    reference: Edition
    candidate: Edition
    theorem: str
    allowance: Allowance
    limits: GateLimits
    axioms: tuple[str, ...] = ()
    bundles: tuple[str, ...] = ()
    digest: str = ""
    note: str = field(default="")

    @property
    def library(self) -> str:
        """The logical name of the file."""
        return self.reference.settings.logical_name

    @cached_property
    def asked(self) -> tuple[Place, Reading]:
        """Where the theorem is reached, and what it says in the reference as it stands."""
        try:
            return self.reference.theorem(self.theorem)
        except Refusal as refusal:
            reason = f"the reference: {refusal.reason}"
            raise Refusal(Finding.NOT_CHECKED, reason) from refusal
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
        if plain.statement == self.found.statement or not in_section(self.reference, self.theorem):
            return plain
        try:
            variables = chosen(section_variables(self.reference, self.theorem), self.found.arguments)
            text = closed_over(self.reference, self.theorem, variables)
            return self.reference.sibling(text).read(place, expected=plain.asked)
        except (Refusal, Missing, Doubt) as error:
            self.note = f" (and the reference cannot be closed over its section variables: {error})"
            return plain

    @cached_property
    def under_statement(self) -> frozenset[str]:
        """Which axioms of other files, among those under the candidate's proof, the statement rests on."""
        place, reading = self.asked
        return self.reference.remembered(
            ("statement", self.theorem, *self._foreign),
            lambda: under_statement(self.reference.probe, place, sorted(reading.mentioned), self._foreign),
        )

    @cached_property
    def under_file(self) -> frozenset[str]:
        """Which of the same axioms any constant of the reference rests on."""
        return self.reference.remembered(
            ("file", *self._foreign), lambda: under_file(self.reference.probe, self._foreign)
        )

    @property
    def _foreign(self) -> tuple[str, ...]:
        return tuple(sorted(item.path for item in self.found.assumptions if not self.is_own(item.path)))

    def is_own(self, path: str) -> bool:
        """True for what the file itself declares, or a module that the probe declared to apply a functor."""
        return path.startswith((f"{self.library}.", f"{LIBRARY}#."))


def digest_of(reading: Reading) -> str:
    """SHA-256 of a statement with all that it mentions inside the file."""
    record = [
        reading.statement,
        sorted(reading.constraints),
        sorted(reading.closure(sorted(reading.mentioned)).items()),
    ]
    return hashlib.sha256(json.dumps(record).encode()).hexdigest()
