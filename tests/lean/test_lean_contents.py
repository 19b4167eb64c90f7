"""Compiled files read as data: what Lean is asked about otherwise is found there too, and a broken file is a doubt."""

from __future__ import annotations

import os
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_lean import HEADER
from test_lean_gate import CHEATS, FALSE, PLAIN, Cheat

from proofloom.assistants.gate.confinement import GateLimits
from proofloom.assistants.gate.lean.contents import Foundations, _asked, _followed, _writable, contents
from proofloom.assistants.gate.lean.gate import LIMITS, LeanGate
from proofloom.assistants.gate.lean.olean import Image
from proofloom.assistants.gate.lean.probe import MODULE, Edition, Shop
from proofloom.assistants.gate.lean.terms import Declarations
from proofloom.assistants.gate.refusals import Doubt
from proofloom.assistants.lean.toolchain import LeanSettings, LeanToolchain
from proofloom.proofs import CheckResult, Finding

SEEN = (
    "L-H1 sorry", "L-H1 in a helper", "L-H4 opaque", "L-A1 own axiom", "L-A1 the theorem as an axiom",
    "L-A2 a trusted namespace", "L-A3 an escaped name", "L-A9 axiom behind a definition", "L-S1 another statement",
    "L-S2 a section variable", "L-S2 another universe", "L-S5 own False", "L-S7 a definition is changed",
    "L-S7 an inductive type is changed",
)  # fmt: skip
"""Cheats that the other checks refuse as well; here they are blind."""
Compile = Callable[[str], Path]


@pytest.fixture
def compiled(lean: Path, tmp_path: Path) -> Compile:
    """Compiles a text as the module M, in a folder of its own."""

    def compile(text: str) -> Path:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        (folder / "M.lean").write_text(HEADER + text)
        subprocess.run([lean, "-o", "M.olean", "M.lean"], cwd=folder, check=True, capture_output=True, timeout=60)
        return folder

    return compile


@pytest.fixture(scope="module")
def blind(toolchain: LeanToolchain) -> Iterator[LeanGate]:
    """A gate in which Lean is believed whatever it is asked about the candidate."""

    class Blind(LeanGate):
        def _assumptions(self, case: object) -> None:
            pass

        _statement = _assumptions

    limits = GateLimits(seconds=100, cpu_seconds=10, memory_mib=LIMITS.memory_mib)
    gate = Blind(toolchain, limits=limits, forbidden=frozenset())
    yield gate
    gate.close()


@pytest.mark.parametrize("cheat", [cheat for cheat in CHEATS if cheat.id in SEEN], ids=lambda cheat: cheat.id)
def test_what_a_candidate_says_of_itself_is_not_needed(blind: LeanGate, tmp_path: Path, cheat: Cheat) -> None:
    text = PLAIN + cheat.candidate if cheat.reference.startswith(PLAIN) else cheat.candidate
    texts = [(HEADER + one).encode() for one in (cheat.reference, text)]
    verdict = blind.check(texts[0], texts[1], cheat.theorem, LeanSettings(tmp_path))
    failed = [name for name, result in verdict.checks.items() if result is CheckResult.FAILED]
    assert failed == ["contents"], verdict.reason
    changed = cheat.id == "L-A1 the theorem as an axiom"  # an axiom is no theorem, whatever it states
    assert verdict.finding is (Finding.WRONG_STATEMENT if changed else cheat.finding)


@pytest.mark.parametrize("check", ["assumptions", "contents"])
def test_an_axiom_two_modules_down_is_found(
    toolchain: LeanToolchain, blind: LeanGate, tmp_path: Path, check: str
) -> None:
    """L-A1 in an imported module: the reference imports it too, and Lean's library is what both import."""
    (tmp_path / "Deep.lean").write_text(HEADER + "axiom deep : 1 = 2\n")
    (tmp_path / "Mid.lean").write_text("prelude\nimport Deep\ntheorem mid : 1 = 2 := deep\n")
    environment = {**os.environ, "LEAN_PATH": str(tmp_path)}
    for name in ("Deep", "Mid"):
        command = [toolchain.lean, "-o", f"{name}.olean", f"{name}.lean"]
        subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True, timeout=60)
    head = "prelude\nimport Mid\ntheorem t : 1 = 2 := "
    gate = blind if check == "contents" else LeanGate(toolchain, limits=LIMITS)
    settings = LeanSettings(tmp_path, (("LEAN_PATH", str(tmp_path)),))
    verdict = gate.check(f"{head}sorry\n".encode(), f"{head}mid\n".encode(), "t", settings)
    failed = [name for name, result in verdict.checks.items() if result is CheckResult.FAILED]
    assert (verdict.finding, failed) == (Finding.FORBIDDEN_AXIOM, [check]), verdict.reason
    assert "deep" in verdict.reason
    if gate is not blind:
        gate.close()


def edition(toolchain: LeanToolchain, folder: Path, text: str, *library: Path) -> Edition:
    variables = (("LEAN_PATH", ":".join(map(str, library))),) if library else ()
    made = Edition(HEADER + text, folder / "edition", Shop(toolchain, LIMITS, LeanSettings(folder, variables)))
    made.compile()
    return made


def test_the_library_is_asked_once(toolchain: LeanToolchain, tmp_path: Path) -> None:
    made = edition(toolchain, tmp_path, "theorem t (p q : Prop) (h : p ∧ q) : q ∧ p := by simp [h]\n")
    foundations = Foundations(frozenset())
    own = contents(made.library, (MODULE,))
    for _ in range(2):
        assert foundations.axioms(made, own, "«t»", "n") == ("«propext»",)
    asked = len(made.runs)
    allowing = Foundations(frozenset(["«propext»"]))
    for _ in range(2):
        assert allowing.axioms(made, own, "«t»", "n") == ()
    assert (asked, len(made.runs)) == (3, 4)  # what is found wanting is asked about again


def test_a_whole_library_is_asked_about_at_once(toolchain: LeanToolchain, lean: Path, tmp_path: Path) -> None:
    """Constants of every kind, with their universes: recursors, constructors, quotients, what Lean has made itself."""
    core = contents(lean.parents[1] / "lib", ("ProofCore",))
    unsafe = ("«_override»", "«_unsafe_rec»", "«lc", "«unsafeCast»")  # no proof can rest on these: the kernel refuses
    safe = [name for name in core if _writable(name) and not any(part in name for part in unsafe)]
    names = {name: len([one for one in core.of(name).facts[0].split(",") if one]) for name in safe}
    assert len(names) > 700 and max(names.values()) >= 2
    made = edition(toolchain, tmp_path, "theorem t : True := True.intro\n")
    declared = {name for name in names if core.of(name).kind == "axiom"}
    assert set(_asked(made, names, "n")) == declared >= {"«propext»", "«sorryAx»"}


def test_what_lies_in_the_folder_of_the_compilation_is_no_library(toolchain: LeanToolchain, tmp_path: Path) -> None:
    """A file of the name of the library, as code that runs while a candidate is compiled could write it."""
    made = edition(toolchain, tmp_path, "theorem t : True := True.intro\n")
    (made.folder / "source" / "ProofCore.olean").write_bytes(b"forged")
    assert made.ask(["#check @True"], alone=True) == ["True : Prop"]
    assert made.ask(["#check @t"]) == ["t : True"]
    assert [file.name for file in made.library.iterdir()] == [f"{MODULE}.olean"]


def test_names_that_no_question_can_have_are_followed(
    toolchain: LeanToolchain, compiled: Compile, tmp_path: Path
) -> None:
    library = compiled(
        "axiom open_axiom : 1 = 2\nprivate axiom a : 1 = 2\nprivate theorem s : 1 = 2 := a\n"
        "private theorem u : 1 = 2 := open_axiom\nprivate theorem v (p : Prop) (h : p) : p := h\n"
    )
    made = edition(toolchain, tmp_path, "theorem t : True := True.intro\n", library)
    found, axioms = _followed(made, {"«_private».«M».0.«s»": 0, "«Eq»": 1})
    assert axioms == ["«_private».«M».0.«a»"] and found["«Eq»"] == 1 and "«Nat»" in found
    found, axioms = _followed(made, {"«_private».«M».0.«u»": 0})
    assert axioms == ["«open_axiom»"]
    assert _followed(made, {"«_private».«M».0.«v»": 0}) == ({}, [])
    with pytest.raises(Doubt, match="no compiled file of the library"):
        _followed(made, {"«_private».«N».0.«s»": 0})


def test_all_kinds_of_declarations_are_read(compiled: Compile) -> None:
    text = "axiom a : 1 = 2\ndef d (n : Nat) : Nat := n\nopaque o : Nat := 0\ntheorem t : d 1 = 2 := a\n"
    text += PLAIN + "structure S where\n  x : Nat\n"
    text += "inductive T : Nat → Type where\n  | leaf : T 0\n  | node (n : Nat) (l : T n) : T (n + 1)\n"
    found = contents(compiled(text), ("M",))
    kinds = {name: found.of(f"«{name}»").kind for name in ("a", "d", "o", "t", "S", "T")}
    assert kinds == {"a": "axiom", "d": "definition", "o": "opaque", "t": "theorem", "S": "inductive", "T": "inductive"}
    assert found.of("«T».«node»").kind == "constructor" and found.of("«T».«rec»").kind == "recursor"
    reached = found.reached(["«t»"], proofs=True)
    assert reached.own == {"«t»", "«d»", "«a»"}
    assert {"«Nat»", "«Eq»", "«OfNat».«ofNat»"} <= reached.others.keys()
    assert reached.others["«Eq»"] == 1 and reached.others["«Nat»"] == 0
    assert found.reached(["«t»"], proofs=False).own == {"«t»", "«d»"}
    assert found.reached(["«T».«leaf»"], proofs=True).own == {"«T»", "«T».«leaf»", "«T».«node»"}
    assert set(found.meaning("«t»")) == {"«t»", "«d»"}


IN_PARTS = "module\nprelude\n" + PLAIN + "public inductive F : Prop where\npublic axiom f : F\n"
"""The head of a file of Lean's module system, which is compiled into several files that point into each other."""


def test_a_module_in_several_files_is_read_whole(toolchain: LeanToolchain, blind: LeanGate, tmp_path: Path) -> None:
    shop = Shop(toolchain, LIMITS, LeanSettings(tmp_path))
    made = Edition(IN_PARTS + "axiom a : F\npublic theorem t : F := a\n", tmp_path / "edition", shop)
    made.compile()
    endings = {"olean", "olean.server", "olean.private"}
    assert endings <= {file.name.partition(".")[2] for file in made.library.iterdir()}
    found = contents(made.library, (MODULE,))
    hidden = f"«_private».«{MODULE}».0.«a»"
    assert found.reached(["«t»"], proofs=True).own == {"«t»", "«F»", hidden}
    reference, candidate = IN_PARTS + "public theorem t : F := f\n", made.text
    verdict = blind.check(reference.encode(), candidate.encode(), "t", LeanSettings(tmp_path))
    assert verdict.finding is Finding.FORBIDDEN_AXIOM and hidden in verdict.reason
    (made.library / f"{MODULE}.olean.private").unlink()
    with pytest.raises(Doubt, match="cannot be read"):
        contents(made.library, (MODULE,))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("∀ a b : Nat, a = b", "∀ x y : Nat, x = y", True),
        ("∀ a b : Nat, a = b", "∀ a b : Nat, b = a", False),
        ("(fun n : Nat => n) 1 = 1", "(fun m : Nat => m) 1 = 1", True),
        ("1 = 2", "1 = 3", False),
        ("340282366920938463463374607431768211456 = 0", "340282366920938463463374607431768211457 = 0", False),
        ("∀ α : Type, ∀ a : α, a = a", "∀ α : Prop, ∀ a : α, a = a", False),
        ("(let n := 1; n) = 1", "(let n := 2; n) = 1", False),
    ],
)
def test_a_statement_is_its_term(compiled: Compile, one: str, other: str, same: bool) -> None:
    digests = [contents(compiled(f"axiom t : {text}\n"), ("M",)).meaning("«t»") for text in (one, other)]
    assert (digests[0] == digests[1]) is same


def test_a_large_number_is_read_whole(compiled: Compile) -> None:
    folder = compiled("axiom t : 340282366920938463463374607431768211457 = 0\n")
    image = Image([(folder / "M.olean").read_bytes()])
    numbers = []
    for place in range(88, len((folder / "M.olean").read_bytes()) - 8, 8):
        data = (folder / "M.olean").read_bytes()
        if data[place + 7] == 250:
            numbers.append(image.number(struct.unpack_from("<Q", data, 80)[0] + place))
    assert 2**128 + 1 in numbers


def test_what_is_no_compiled_file_is_a_doubt(compiled: Compile, tmp_path: Path) -> None:
    data = (compiled(FALSE) / "M.olean").read_bytes()
    for broken, words in (
        (b"", "does not begin"),
        (data[:80], "does not begin"),
        (data[:5] + b"\x09" + data[6:], "format 9, wanted 2"),
        (data[:88] + b"\0" * (len(data) - 88), "no root"),
    ):
        with pytest.raises(Doubt, match=words):
            Declarations(Image([broken])).meaning("«t»")
    with pytest.raises(Doubt, match="cannot be read"):
        contents(tmp_path, ("Nowhere",))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10**6), st.integers(0, 255))
def test_a_file_with_a_wrong_byte_is_read_or_doubted(sample: bytes, place: int, value: int) -> None:
    data = bytearray(sample)
    data[place % len(data)] = value
    try:
        declarations = Declarations(Image([bytes(data)]))
        declarations.meaning("«t»")
        declarations.reached(["«t»"], proofs=True)
    except (Doubt, KeyError):
        return


@pytest.fixture(scope="module")
def sample(lean: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("sample")
    (folder / "M.lean").write_text(HEADER + "theorem t (p q : Prop) (h : p ∧ q) : q ∧ p := ⟨h.2, h.1⟩\n")
    subprocess.run([lean, "-o", "M.olean", "M.lean"], cwd=folder, check=True, capture_output=True, timeout=60)
    return (folder / "M.olean").read_bytes()
