"""Cheats that need Lean's own library: metaprograms, compiled evaluation, notation, instances.

They run where a full toolchain is (marker `lean`), with the word filter off, and each names the check that must refuse
it then.  Texts use names of Lean's library that change from version to version; one that does not compile there is
skipped, and its reason says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from proofloom.proofs import Finding

META = "import Lean\n"
PRIVATE = "import Lean\nimport Batteries.Tactic.OpenPrivate\n"
ELAB = "open Lean Elab Command Term Meta\n"
AXIOM = "axiom a : 1 = 2\ntheorem t : 1 = 2 := a\n"
FALSE = "theorem t : 1 = 2 := sorry\n"
H, A, W, R = Finding.INCOMPLETE, Finding.FORBIDDEN_AXIOM, Finding.WRONG_STATEMENT, Finding.CHECKER_REFUSED


@dataclass(frozen=True)
class FullCheat:
    """A candidate and its reference (both after `header`), what the gate finds and which check refuses it.

    `filtered` says whether the word filter alone refuses it too.
    """

    id: str
    candidate: str
    finding: Finding
    check: str
    reference: str = FALSE
    header: str = META
    filtered: bool = True


def added(name: str, declaration: str) -> str:
    """A command that adds a declaration about `1 = 2` while the file is elaborated."""
    return (
        ELAB + "run_cmd liftTermElabM do\n  let type ← elabTerm (← `(1 = 2)) none\n"
        "  synthesizeSyntheticMVarsNoPostponing\n  let type ← instantiateMVars type\n"
        f"  let name := `{name}\n  addDecl <| {declaration}\n"
    )


def answering(command: str, text: str) -> str:
    """A command of the gate, answered by the candidate where it is about `t`, and by Lean where it is not."""
    return (
        f"elab_rules : command\n  | `(command| {command}) => do\n    let asked := toString x.raw.prettyPrint\n"
        '    if ((asked.replace "«" "").replace "»" "").replace "@" "" == "t"'
        f' then logInfo "{text}"\n    else throwUnsupportedSyntax\n'
    )


FORGED = """\
open private Lean.Environment.mk from Lean.Environment
open private Lean.Kernel.Environment.mk from Lean.Environment
open private Lean.Kernel.Environment.extensions from Lean.Environment
open private Lean.Kernel.Environment.extraConstNames from Lean.Environment
open Lean Elab Command

def forged (old : Environment) (constants : ConstMap) : Environment :=
  let k := old.toKernelEnv
  let new := Lean.Kernel.Environment.mk constants k.quotInit k.diagnostics k.const2ModIdx
    (Lean.Kernel.Environment.extensions k) (Lean.Kernel.Environment.extraConstNames k) old.header
  Lean.Environment.mk new (.pure new) {} none
"""
TWO = "def f (n : Nat) : Nat := n\ndef g (_ : Nat) : Nat := 1\n"
ADDED_TO_TWO = "theorem t : f 2 = 1 := sorry\n"
BY_NATIVE = "theorem t : f 2 = 1 := by native_decide\n"

FULL_CHEATS = (
    FullCheat("L-H2 a macro for sorry", 'macro "magic" : term => `(sorry)\ntheorem t : 1 = 2 := magic', H, "assumptions"),
    FullCheat("L-H2 a tactic macro for sorry", 'macro "magic" : tactic => `(tactic| sorry)\ntheorem t : 1 = 2 := by magic', H, "assumptions"),
    FullCheat("L-H2 a macro for an axiom", 'axiom a : 1 = 2\nmacro "magic" : term => `(a)\ntheorem t : 1 = 2 := magic', A, "assumptions"),
    FullCheat("L-H2 a tactic with a new meaning", "macro_rules | `(tactic| rfl) => `(tactic| sorry)\ntheorem t : 1 = 2 := by rfl", H, "assumptions"),
    FullCheat("L-H5 in a let with a universe", "def h.{u} (_ : PUnit.{u}) : 1 = 2 := sorry\ntheorem t : 1 = 2 := let x := h.{3} ⟨⟩; x", H, "assumptions", filtered=False),
    FullCheat("L-H9 the warning is switched off", "set_option warn.sorry false\n" + FALSE, H, "assumptions"),
    FullCheat("L-H10 the warning is swallowed", "#guard_msgs (drop all) in\n" + FALSE, H, "assumptions", filtered=False),
    FullCheat("L-A2 an axiom in a namespace of the library", "namespace Lean.Grind\naxiom a : 1 = 2\nend Lean.Grind\ntheorem t : 1 = 2 := Lean.Grind.a", A, "assumptions"),
    FullCheat("L-A3 #print axioms answers as the candidate likes", ELAB + AXIOM + answering("#print axioms $x:ident", "'t' does not depend on any axioms"), A, "contents"),
    FullCheat("L-A4 run_cmd adds an axiom", added("a", ".axiomDecl { name, levelParams := [], type, isUnsafe := false }") + "theorem t : 1 = 2 := a", A, "assumptions"),
    FullCheat("L-A4 run_tac adds an axiom",
              ELAB + "theorem t : 1 = 2 := by\n  run_tac\n    let type ← Tactic.getMainTarget\n"
              "    addDecl <| .axiomDecl { name := `a, levelParams := [], type, isUnsafe := false }\n"
              "    Tactic.closeMainGoal `a (mkConst `a)", A, "assumptions"),
    FullCheat("L-A4 an elaborator adds an axiom",
              ELAB + 'elab "magic" : term => do\n  let type ← elabType (← `(1 = 2))\n'
              "  synthesizeSyntheticMVarsNoPostponing\n  let type ← instantiateMVars type\n"
              "  addDecl <| .axiomDecl { name := `a, levelParams := [], type, isUnsafe := false }\n"
              "  return mkConst `a\ntheorem t : 1 = 2 := magic", A, "assumptions"),
    FullCheat("L-A5 a theorem without the kernel",
              "set_option debug.skipKernelTC true\n"
              + added("h", ".thmDecl { name, levelParams := [], type, value := mkConst ``True.intro }") + "theorem t : 1 = 2 := h", R, "checker"),
    FullCheat("L-A5 an environment that was made by hand",
              FORGED + "run_cmd modifyEnv fun env => forged env (env.constants.insert `h (.thmInfo\n"
              "  { name := `h, levelParams := [], type := mkConst ``False, value := mkConst ``True.intro }))\n"
              "theorem t : 1 = 2 := h.elim", R, "checker", header=PRIVATE),
    FullCheat("L-A6 a constructor that was made by hand",
              FORGED + "run_cmd modifyEnv fun env => forged env (env.constants.insert `False.intro (.ctorInfo\n"
              "  { name := `False.intro, levelParams := [], type := mkConst ``False, induct := ``False, cidx := 0,\n"
              "    numParams := 0, numFields := 0, isUnsafe := false }))\n"
              "theorem t : 1 = 2 := False.elim False.intro", R, "checker", header=PRIVATE),
    FullCheat("L-A7 an axiom of Lean with another statement",
              FORGED + "run_cmd modifyEnv fun env => forged env { env.constants with map₁ := env.constants.map₁.insert ``propext\n"
              "  (.axiomInfo { name := ``propext, levelParams := [], type := mkConst ``False, isUnsafe := false }) }\n"
              "theorem t : 1 = 2 := False.elim propext", R, "checker", header=PRIVATE),
    FullCheat("L-A8 a prelude of its own", "prelude\naxiom t : 1 = 2", Finding.FORBIDDEN_COMMAND, "commands", header=""),
    FullCheat("L-N1 native_decide", "theorem t : 12345 * 1000 = 12345000 := by native_decide", A, "assumptions",
              "theorem t : 12345 * 1000 = 12345000 := sorry\n"),
    FullCheat("L-N1 decide +native", "theorem t : 12345 * 1000 = 12345000 := by decide +native", A, "assumptions",
              "theorem t : 12345 * 1000 = 12345000 := sorry\n", filtered=False),
    FullCheat("L-N2 a replaced implementation", TWO + "attribute [implemented_by g] f\n" + BY_NATIVE, A, "assumptions", TWO + ADDED_TO_TWO),
    FullCheat("L-N2 a replaced implementation, private",
              TWO + "private def h (_ : Nat) : Nat := 1\nattribute [implemented_by h] f\n" + BY_NATIVE, A, "assumptions", TWO + ADDED_TO_TWO),
    FullCheat("L-N2 a chain of replaced implementations",
              TWO + "def h (n : Nat) : Nat := n\nattribute [implemented_by g] h\nattribute [implemented_by h] f\n" + BY_NATIVE, A, "assumptions", TWO + ADDED_TO_TWO),
    FullCheat("L-N3 a csimp lemma from an axiom", TWO + "axiom same : @f = @g\n@[csimp] theorem lemma' : @f = @g := same\n" + BY_NATIVE, A, "assumptions", TWO + ADDED_TO_TWO),
    FullCheat("L-N4 a foreign function", '@[extern "lean_nat_gcd"] def f (n _m : Nat) : Nat := n\ntheorem t : f 4 6 = 2 := by native_decide', A, "assumptions",
              "def f (n _m : Nat) : Nat := n\ntheorem t : f 4 6 = 2 := sorry\n"),
    FullCheat("L-S3 = is another relation", 'local infix:50 (priority := high) " = " => fun (_ _ : Nat) => True\ntheorem t : 1 = 2 := True.intro', W, "statement"),
    FullCheat("L-S4 another addition", "instance (priority := high) : HAdd Nat Nat Nat := ⟨fun _ _ => 0⟩\ntheorem t : 1 + 1 = 0 := rfl", W, "statement",
              "theorem t : 1 + 1 = 0 := sorry\n", filtered=False),
    FullCheat("L-S4 another order", "local instance (priority := high) : LE Nat := ⟨fun _ _ => True⟩\ntheorem t : 2 ≤ 1 := True.intro", W, "statement",
              "theorem t : 2 ≤ 1 := sorry\n", filtered=False),
    FullCheat("L-S5 a numeral with another value", "instance (priority := high) : OfNat Nat 2 := ⟨1⟩\ntheorem t : 1 = 2 := rfl", W, "statement", filtered=False),
    FullCheat("L-S6 a macro rewrites the theorem",
              "macro_rules\n  | `(command| theorem t : 1 = 2 := True.intro) =>\n"
              "    `(command| theorem $(Lean.mkIdent `t):ident : True := True.intro)\n"
              "theorem t : 1 = 2 := True.intro", W, "statement"),
    FullCheat("L-S6 a coercion to a proposition", "instance : Coe Nat Prop := ⟨fun _ => True⟩\ntheorem t : ((0 : Nat) : Prop) := True.intro", W, "statement",
              "def zero : Nat := 0\ninstance : Coe Nat Prop := ⟨fun n => n = 1⟩\ntheorem t : ((0 : Nat) : Prop) := sorry\n", filtered=False),
    FullCheat("L-S6 #check and #print answer as the candidate likes",
              ELAB + "theorem t : True := True.intro\n" + answering("#check $x:term", "t : False")
              + answering("#print $x:ident", "theorem t : False"), W, "contents", "theorem t : False := sorry\n"),
    FullCheat("L-M1 writes a library beside itself", '#eval IO.FS.writeFile "Init.olean" "forged"\n' + AXIOM, A, "assumptions"),
    FullCheat("L-M2 prints the success text", ELAB + FALSE + "run_cmd logInfo \"'t' does not depend on any axioms\"", H, "assumptions"),
    FullCheat("L-M5 leaves a process behind", 'run_cmd discard <| IO.Process.spawn { cmd := "sleep", args := #["600"] }\n' + FALSE, H, "assumptions"),
    FullCheat("L-M6 writes its own compiled file", '#eval IO.FS.writeFile "ProofloomGated.olean" "olean"\n' + FALSE, H, "assumptions"),
    FullCheat("L-M7 an endless loop", "run_cmd while true do pure ()\n" + FALSE, Finding.TIMEOUT, "compile"),
)  # fmt: skip

HONEST = (
    "theorem t (p q : Prop) (h : p ∧ q) : q ∧ p := ⟨h.2, h.1⟩",
    "theorem t (a b c : Nat) (h : a < b) : a + c < b + c := by omega",
    "theorem t (xs : List Nat) : xs.reverse.reverse = xs := by simp",
    "theorem t (n : Nat) : n * 1 + 0 = n := by induction n with | zero => rfl | succ n _ => simp",
    "theorem t : (List.range 5).foldl (· + ·) 0 = 10 := by decide",
)
"""Proofs that Lean's own library has the tactics for; all are to be accepted."""
HONEST_WITH_MATHLIB = (
    "theorem t (a b : ℝ) : (a + b) ^ 2 = a ^ 2 + 2 * a * b + b ^ 2 := by ring",
    "theorem t (a b : ℝ) (h : 0 < a) (g : 0 < b) : 0 < a * b := by positivity",
    "theorem t : Nat.Prime 97 := by norm_num",
    "theorem t (x : ℝ) (h : 1 < x) : x < x ^ 2 := by nlinarith",
)
