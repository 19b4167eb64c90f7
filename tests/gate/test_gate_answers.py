"""Reading what Rocq prints: everything that is not exactly as expected is a doubt."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofloom.assistants.gate.axioms import BUNDLES, Allowance, in_bundle
from proofloom.assistants.gate.confinement import Ending, GateLimits, Run
from proofloom.assistants.gate.refusals import Doubt
from proofloom.assistants.gate.rocq.answers import global_of, listed_assumptions
from proofloom.assistants.gate.rocq.build import Compiled, path_options
from proofloom.assistants.gate.rocq.checker import flags_of
from proofloom.assistants.gate.rocq.place import Place, is_sealed, parameters_of
from proofloom.assistants.gate.rocq.probe import Probe
from proofloom.assistants.gate.rocq.sections import chosen
from proofloom.assistants.gate.rocq.terms import names, normal, tokens, without_constraints
from proofloom.assistants.rocq.project import FileSettings
from proofloom.assistants.rocq.toolchain import RocqToolchain

TOOLCHAIN = RocqToolchain((8, 16, 1), ("coqc",), ("coqidetop",), ("coqchk",), Path("/library"))
COMPILED = Compiled(Path("/made"), FileSettings("Foo", ("-I", "/i", "-noinit", "-R", "/p", "P", "-set", "X=Y")))
OURS = "Foo has been loaded from file /made/Foo.vo\n"


def read(out: str, count: int = 1, status: int = 0) -> tuple[tuple[str, ...], str | None]:
    probe = Probe(COMPILED, TOOLCHAIN, Path("/probe"), GateLimits(), lambda: "n0")
    answers = probe.answers(Run(status, Ending.EXIT, out, "Error: no.", 0.0, 0.0, 0.0, {}), "n0", count)
    return answers.texts, answers.failure


def mark(name: str) -> str:
    return f"No term of basename {name}_n0\n"


GOOD = mark("m0") + OURS + mark("m1") + mark("m2") + "nat : Set\n" + mark("end")


def test_an_answer_stands_between_its_marks() -> None:
    assert read(GOOD) == (("nat : Set\n",), None)


def test_answers_before_an_error_are_kept() -> None:
    assert read(mark("m0") + OURS + mark("m1") + mark("m2") + "x\n" + mark("m3"), 2, 1) == (("x\n",), "no.")


@pytest.mark.parametrize(
    ("out", "status"),
    [
        pytest.param("", 0, id="nothing"),
        pytest.param(GOOD, 1, id="complete but failed"),
        pytest.param(GOOD.removesuffix(mark("end")), 0, id="no end"),
        pytest.param(mark("m1") + GOOD, 0, id="mark too many"),
        pytest.param(GOOD.replace(mark("m2"), mark("m2") + mark("m2")), 0, id="mark twice"),
        pytest.param(GOOD + mark("m3"), 0, id="mark after the end"),
        pytest.param(GOOD.replace("_n0", "_n1"), 0, id="another number"),
        pytest.param(GOOD.replace("/made/Foo.vo", "/p/Foo.vo"), 0, id="another file"),
        pytest.param(GOOD.replace(OURS, ""), 0, id="no file"),
        pytest.param(GOOD.replace(OURS, OURS + OURS), 0, id="two files"),
    ],
)
def test_marks_in_doubt(out: str, status: int) -> None:
    with pytest.raises(Doubt):
        read(out, 1, status)


def test_tokens_of_a_term() -> None:
    text = "forall (x' _ : A.b) {α₁ : @C.d 0x2a%uint63}, M.N.f@{u Foo.1} x' := (-0x1.8p-3)%float"
    kinds = [(kind, token) for kind, token in tokens(text) if kind not in ("mark", "keyword")]
    assert kinds == [
        ("bound", "x'"),
        ("global", "A.b"),
        ("bound", "α₁"),
        ("global", "C.d"),
        ("number", "0x2a"),
        ("bound", "uint63"),
        ("global", "M.N.f"),
        ("level", "u"),
        ("level", "Foo.1"),
        ("bound", "x'"),
        ("number", "-0x1.8p-3"),
        ("bound", "float"),
    ]


@pytest.mark.parametrize("text", ["f ..", "...", "?x", "?Goal", 'a "b"', "a $ b", "\\x"])
def test_unknown_text_is_a_doubt(text: str) -> None:
    with pytest.raises(Doubt):
        list(tokens(text))


def test_normal_form() -> None:
    text = "forall  x : Type@{Probe.7},\n  L.eq@{Probe.7 Probe.9} x\n"
    text += "(* {Probe.9 Probe.7} |= Probe.7 < Probe.9\n  Probe.9 <= L.u *)"
    form = normal(text, lambda name: f"<{name}>")
    assert form.startswith("forall x : Type @{ u0 } , <L.eq> @{ u0 u1 } x (* ")
    assert without_constraints(form) == (
        "forall x : Type @{ u0 } , <L.eq> @{ u0 u1 } x",
        frozenset({"u0 < u1", "u1 <= L.u"}),
    )


@given(st.text(alphabet="aA.b(){}[]:,_'@ |=<0x1\n*?\"αé", max_size=30))
def test_tokens_cover_the_text_or_doubt(text: str) -> None:
    try:
        found = [token for _, token in tokens(text)]
    except Doubt:
        return
    assert "".join(found) == "".join(text.split())
    names(text)


def test_constraints_in_doubt() -> None:
    for form in ("T (* u |= u < *)", "T (* u |= u ? v *)", "T (* u |= u < v"):
        with pytest.raises(Doubt):
            without_constraints(form)


def test_assumptions() -> None:
    assert listed_assumptions("Closed under the global context\n") == []
    text = "Axioms:\nA.x : nat\nA.f is assumed to be guarded.\nA.t relies on an unsafe hierarchy.\n"
    text += "A.e : False\nused in A.s to prove\n @Logic.eq nat O A.n\n"
    text += "A.m : match n with\n      | O => x : y\nA.bare\n"
    assert listed_assumptions(text) == [
        ("A.x", ""),
        ("A.f", "is assumed to be guarded"),
        ("A.t", "relies on an unsafe hierarchy"),
        ("A.e", ""),
        ("A.m", ""),
        ("A.bare", ""),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Closed",
        "Axioms:\nused in A.s to prove\n x\n",
        "Section Variables:\nx : nat\n",
        "Axioms:\nA.x is fine, believe me.\n",
    ],
)
def test_assumptions_in_doubt(text: str) -> None:
    with pytest.raises(Doubt):
        listed_assumptions(text)


def test_about() -> None:
    text = "M.f@{u} : nat\n\nM.f is universe polymorphic\nArguments M.f (x y)%nat_scope {z} _\n"
    text += "M.f is transparent\nExpands to: Constant Foo.M.f\n"
    found = global_of("Foo.M.f", text)
    assert (found.kind, found.path) == ("Constant", "Foo.M.f")
    assert (found.transparent, found.opaque, found.polymorphic) == (True, False, True)
    assert found.arguments == ("x", "y", "z", "_")
    with pytest.raises(Doubt):
        global_of("f", "f : nat\nExpands to: Notation Foo.f\n")


SUMMARY = """Checking library: Foo
Modules were successfully checked

CONTEXT SUMMARY
===============

* Theory: Set is predicative
  
* Axioms:
    Foo.a
  
* Constants/Inductives relying on type-in-type:
    Bar.u
  
* Constants/Inductives relying on unsafe (co)fixpoints:
    Foo.f
    Foo.M.g
  
* Inductives whose positivity is assumed: <none>
  
"""  # noqa: W293


def test_summary_of_the_checker() -> None:
    assert flags_of(SUMMARY, "Foo") == dict.fromkeys(("Foo.f", "Foo.M.g"), "checked without the guard condition")
    assert list(flags_of(SUMMARY, "Bar")) == ["Bar.u"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Modules were successfully checked", "Modules were not checked"),
        ("Set is predicative", "Set is impredicative"),
        ("* Axioms:", "* Rewrite rules:"),
        ("* Inductives whose positivity is assumed: <none>", ""),
        ("CONTEXT SUMMARY", "SUMMARY"),
        ("* Axioms:", "* Axioms: some"),
    ],
)
def test_summary_in_doubt(old: str, new: str) -> None:
    with pytest.raises(Doubt):
        flags_of(SUMMARY.replace(old, new), "Foo")


def test_parameters_of_a_functor() -> None:
    printed = "Module Foo.F := Functor (X:Foo.T) Functor (Y':(Foo.U X) with Definition d := f (g X.x)) Struct End\n"
    assert parameters_of(printed) == [("X", "Foo.T"), ("Y'", "(Foo.U X) with Definition d := f (g X.x)")]
    assert parameters_of("Module Type T = Funsig (X:A) Sig Parameter y : nat. End") == [("X", "A")]
    assert parameters_of("Module M : Funsig (X:A) (S X) := Functor (X:A) Struct End") == [("X", "A")]
    assert parameters_of("Module M := Struct Parameter f : (Functor (X:A)). End") == []
    for text in ("M := Struct", "Module M := Functor (X:(A"):
        with pytest.raises(Doubt):
            parameters_of(text)


def test_paths_of_instances_read_as_in_the_source() -> None:
    place = Place("Instance#_2", "t", ("...",), (1, 3))
    shown = [
        ("ProofloomProbe_#.Level#_1.Level#_2.Instance#_2.t", "Foo.F.M.G.t"),
        ("ProofloomProbe_#.Level#_1.Instance#_1.h", "Foo.F.h"),
        ("ProofloomProbe_#.Level#_1.X.a", "Foo.F(X).a"),
        ("ProofloomProbe_#.Level#_1.Level#_2.Y.Z.a", "Foo.F.M.G(Y).Z.a"),
        ("Foo.a", "Foo.a"),
        ("Coq.Logic.Classical_Prop.classic", "Coq.Logic.Classical_Prop.classic"),
    ]
    assert [(path, place.source_path(path, "Foo", "F.M.G.t")) for path, _ in shown] == shown


def test_modules_around_a_global() -> None:
    opened = ("Module Level#_1.", "Declare Module X : Foo.T.", "Module Instance#_1 := Bar.Foo.M.F X.")
    inside = ("Module Level#_2.", "Module Instance#_2 := Instance#_1.N.G X.", "Declare Module Instance#_3 : Foo.T.")
    place = Place("Instance#_2", "t", (*opened, *inside), (1, 3))
    ours = "ProofloomProbe_#.Level#_1."
    assert place.modules_around("Bar.Foo.f", "Bar.Foo") == ()
    assert place.modules_around("Bar.Foo.M.N.f", "Bar.Foo") == ("Bar.Foo.M", "Bar.Foo.M.N")
    assert place.modules_around(f"{ours}X.N.f", "Bar.Foo") == ()
    around_first = ("Bar.Foo.M.F", "Bar.Foo.M")
    assert place.modules_around(f"{ours}Instance#_1.N.f", "Bar.Foo") == ("Instance#_1.N", *around_first)
    inner = place.modules_around(f"{ours}Level#_2.Instance#_2.f", "Bar.Foo")
    assert inner == ("Instance#_1.N.G", "Instance#_1.N", *around_first)
    assert place.modules_around(f"{ours}Level#_2.Instance#_3.f", "Bar.Foo") == ()


def test_a_signature_hides_what_is_inside() -> None:
    assert not is_sealed("Module Foo.M := Struct Parameter f : nat. End")
    assert not is_sealed("Module Foo.F := Functor (X:Foo.T) Struct Parameter f : nat. End")
    assert is_sealed("Module Foo.M : Foo.S := Struct Definition f : nat. End")
    assert is_sealed("Module Foo.A : Sig Definition f : nat. End := Foo.M")
    assert is_sealed("Module Foo.F : Funsig (X:Foo.E) Foo.S := Functor (X:Foo.E) Struct End")
    with pytest.raises(Doubt):
        is_sealed("Foo.M := Struct End")


def test_load_paths() -> None:
    assert path_options(COMPILED.settings) == ("-I", "/i", "-R", "/p", "P")
    assert COMPILED.paths == ("-I", "/i", "-R", "/p", "P", "-Q", "/made", "")


def test_chosen_section_variables() -> None:
    assert chosen(["A", "x", "y", "H"], ["A", "y", "n"]) == ("A", "y")
    assert chosen(["A", "x"], ["x", "A"]) == ("x",)
    assert chosen([], ["x"]) == ()


def test_bundles_are_full_paths() -> None:
    assert Allowance(("classical",)).of("Coq.Logic.Classical_Prop.classic") == "classical"
    assert Allowance(("classical",)).of("Stdlib.Logic.Classical_Prop.classic") == "classical"
    assert Allowance(("classical",)).of("Foo.Coq.Logic.Classical_Prop.classic") is None
    assert Allowance(("classical",)).of("Foo.Logic.Classical_Prop.classic") is None
    assert Allowance(("reals",)).of("Coq.Logic.Classical_Prop.classic") == "reals"
    assert Allowance(("Foo.a",)).of("Foo.a") == "Foo.a"
    assert Allowance(()).of("Coq.Logic.Classical_Prop.classic") is None
    assert in_bundle("Coq.Array.PArray.get", "machine")
    assert not in_bundle("Coq.Array.PArray.M.get", "machine")
    assert not in_bundle("Coq.Array.get", "machine")
    assert all(path.startswith("Coq.") for paths in BUNDLES.values() for path in paths)


def test_an_unknown_bundle_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'choise'.*classical"):
        Allowance(("choise",))
