"""Named bundles of axioms, by full path: what a proof may rest on when its user says so.

None is on by default.  A path is compared as a whole, so an axiom of the same short name in another module is another
axiom; the library of Rocq 9 has the same axioms under `Stdlib` and `Corelib`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_LOGIC = "Coq.Logic."
_FUNEXT = "Coq.Logic.FunctionalExtensionality.functional_extensionality_dep"
_CLASSIC = "Coq.Logic.Classical_Prop.classic"
_REALS = "Coq.Reals.ClassicalDedekindReals."

BUNDLES: Mapping[str, tuple[str, ...]] = {
    "classical": (_CLASSIC,),
    "funext": (_FUNEXT,),
    "propext": (f"{_LOGIC}PropExtensionality.propositional_extensionality",),
    "proof_irrelevance": (f"{_LOGIC}ProofIrrelevance.proof_irrelevance",),
    "uip": (f"{_LOGIC}Eqdep.Eq_rect_eq.eq_rect_eq", f"{_LOGIC}JMeq.JMeq_eq"),
    "choice": (
        f"{_LOGIC}ClassicalUniqueChoice.dependent_unique_choice",
        f"{_LOGIC}RelationalChoice.relational_choice",
        f"{_LOGIC}Description.constructive_definite_description",
        f"{_LOGIC}IndefiniteDescription.constructive_indefinite_description",
        f"{_LOGIC}ClassicalEpsilon.constructive_indefinite_description",
        f"{_LOGIC}Epsilon.epsilon_statement",
        f"{_LOGIC}ExtensionalFunctionRepresentative.extensional_function_representative",
    ),
    "ensembles": ("Coq.Sets.Ensembles.Extensionality_Ensembles",),
    "machine": (
        "Coq.Numbers.Cyclic.Int63.PrimInt63.*",
        "Coq.Numbers.Cyclic.Int63.Uint63.*",
        "Coq.Numbers.Cyclic.Int63.Sint63.*",
        "Coq.Floats.PrimFloat.*",
        "Coq.Floats.FloatAxioms.*",
        "Coq.Array.PArray.*",
    ),
    "reals": (f"{_REALS}sig_forall_dec", f"{_REALS}sig_not_dec", _FUNEXT, _CLASSIC),
}
"""Every bundle and its axioms, under the names that they have in Coq 8.16; `.*` is every axiom of one library file.

`machine` are the primitives (integers, floats, arrays) and the axioms that say how they compute.
"""


IMPLIED = ("reals", "machine")
"""Bundles that are on where the statement itself rests on one of their axioms: nothing is proved of these without."""

WELL_KNOWN = tuple(
    sorted({path.rpartition(".")[2] for paths in BUNDLES.values() for path in paths if not path.endswith("*")})
)
"""The short names of the axioms that are listed one by one."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a proof may rest on: names of bundles, and full paths (which have a dot in them).

    Raises `ValueError` for a bundle that does not exist.
    """

    names: tuple[str, ...]

    def __post_init__(self) -> None:
        for name in self.names:
            if "." not in name and name not in BUNDLES:
                raise ValueError(f"axioms {name!r}: no such bundle; wanted a full path or one of {', '.join(BUNDLES)}")

    def of(self, path: str) -> str | None:
        """The first of `names` that allows the axiom `path`, or None."""
        for name in self.names:
            if path == name or (name in BUNDLES and in_bundle(path, name)):
                return name
        return None


def in_bundle(path: str, name: str) -> bool:
    """True if the axiom `path` belongs to the bundle `name`, under any prefix that the standard library has had."""
    prefix, _, rest = path.partition(".")
    if prefix not in ("Coq", "Stdlib", "Corelib"):
        return False
    module = rest.rpartition(".")[0]
    return any(entry in (f"Coq.{rest}", f"Coq.{module}.*") for entry in BUNDLES[name])
