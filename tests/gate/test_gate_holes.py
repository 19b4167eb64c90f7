"""Which axioms of a reference are proofs that are missing; no Rocq is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from proofloom.assistants.gate import GateLimits
from proofloom.assistants.gate.rocq.edition import Edition, Workshop
from proofloom.assistants.gate.rocq.holes import Holes
from proofloom.assistants.rocq.project import FileSettings
from proofloom.assistants.rocq.toolchain import RocqToolchain

TOOLCHAIN = RocqToolchain((8, 16, 1), ("coqc",), ("coqidetop",), ("coqchk",), Path("/library"))
SHOP = Workshop(TOOLCHAIN, GateLimits(), lambda: "n0", Path("/gate"))
OPEN = "Lemma h : 1 = 2. Admitted. "
GOAL = "Lemma t : 1 = 2. Admitted. "
T = "Module Type T. Parameter h : nat. End T. "


def holes(text: str, theorem: str = "t") -> Holes:
    return Holes(Edition(text.encode(), FileSettings("A.Foo", ()), SHOP), theorem)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        pytest.param(OPEN + GOAL, "A.Foo.h", id="its own path"),
        pytest.param(f"Section S. {OPEN}End S. {GOAL}", "A.Foo.h", id="in a section"),
        pytest.param(f"Module M. {OPEN}End M. Axiom h : nat. {GOAL}", "A.Foo.M.h", id="in a module"),
        pytest.param(f"Module M. {OPEN}End M. {GOAL}", "A.Foo.h", id="an axiom that nobody declares"),
        pytest.param(f"Module M. {OPEN}End M. Axiom h : nat. Module N := M. {GOAL}", "A.Foo.N.h", id="other name"),
        pytest.param(f"{T}Module M. {OPEN}End M. {GOAL}Include M.", "A.Foo.h", id="included after the theorem"),
        pytest.param(f"{T}Module Type S. {OPEN}End S. {GOAL}Declare Module D : S.", "A.Foo.D.h", id="signature"),
        pytest.param(f"Axiom x : nat. Lemma g : 1 = 1 with h : 1 = 2. Admitted. {GOAL}", "A.Foo.h", id="mutual"),
        pytest.param(f"Instance : C. Admitted. {GOAL}", "A.Foo.C_instance_0", id="nameless"),
        pytest.param("Lemma s : 1 = 1. Proof. reflexivity. Qed.", "A.Foo.f_obligation_1", id="obligation"),
    ],
)
def test_a_hole(text: str, path: str) -> None:
    assert holes(text).holds(path, argument=False)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        pytest.param(f"Axiom h : nat. {GOAL}", "A.Foo.h", id="no hole of that name"),
        pytest.param(f"Module M. {OPEN}End M. Axiom h : nat. {GOAL}", "A.Foo.h", id="hole in another module"),
        pytest.param(f"Axiom h : nat. Instance : C. Admitted. {GOAL}", "A.Foo.h", id="declared beside a nameless one"),
    ],
)
def test_no_hole(text: str, path: str) -> None:
    assert not holes(text).holds(path, argument=False)


@pytest.mark.parametrize(
    ("before", "after", "hole"),
    [
        pytest.param(T, "", False, id="hole beside the theorem"),
        pytest.param(T, " Module G := F Z. Module Type U := T <+ F.", False, id="functor used after the theorem"),
        pytest.param(f"{T}Module M. {OPEN}End M. ", "", False, id="hole in another module"),
        pytest.param(f"{T}{OPEN}", "", False, id="hole outside modules"),
        pytest.param(f"{T}Module M. {OPEN}End M. Module Type U := T <+ M. ", "", True, id="hole included"),
        pytest.param(f"{T}Module M. {OPEN}End M. Module N := M. ", "", True, id="hole under another name"),
        pytest.param(f"Module Type T. {OPEN}End T. ", "", True, id="hole in a module type"),
        pytest.param(f"Module Type T. Module M. {OPEN}End M. End T. ", "", True, id="hole inside a module type"),
        pytest.param("Module Type T. Instance : C. Admitted. End T. ", "", True, id="nameless hole in a module type"),
        pytest.param(f"{T}Instance : C. Admitted. ", "", False, id="nameless hole outside"),
    ],
)
def test_a_member_of_an_argument(before: str, after: str, hole: bool) -> None:
    text = f"{before}Module F (X : T). {OPEN}{GOAL}End F.{after}"
    assert holes(text, "F.t").holds("A.Foo.F(X).h", argument=True) is hole
