prelude

/-!
A small core for Lean 4.35, for machines that have the elaborator and the kernel but not Lean's own library: enough
for the logic of propositions, equality, induction on `Nat`, and the tactics that go with them.

Names, the order of constructors and the order of universe parameters are Lean's interface to its library and agree
with it; the proofs and the selection are our own.  Notations and tactics that are macros in Lean are only declared:
their code is compiled into Lean's shared library and is found there by its name.
-/

set_option genInjectivity false
set_option genSizeOf false
set_option genCtorIdx false
set_option linter.all false

universe u v w

/-! ## What the code generator asks for -/

unsafe axiom lcErased : Type
unsafe axiom lcAny : Type
unsafe axiom lcVoid : Type
unsafe axiom lcProof {p : Prop} : p
unsafe axiom lcUnreachable {α : Sort u} : α

set_option bootstrap.inductiveCheckResultingUniverse false in
inductive PUnit : Sort u where
  | unit : PUnit

abbrev Unit : Type := PUnit
@[match_pattern] abbrev Unit.unit : Unit := PUnit.unit

structure PProd (α : Sort u) (β : Sort v) : Sort (max 1 u v) where
  fst : α
  snd : β

structure Prod (α : Type u) (β : Type v) : Type (max u v) where
  fst : α
  snd : β

/-! ## Propositions and equality -/

structure And (a b : Prop) : Prop where
  intro ::
  left : a
  right : b

inductive Or (a b : Prop) : Prop where
  | inl (h : a) : Or a b
  | inr (h : b) : Or a b

@[inline] abbrev Function.const {α : Sort u} (β : Sort v) (a : α) : β → α := fun _ => a

inductive True : Prop where
  | intro : True

inductive False : Prop

inductive Empty : Type

set_option bootstrap.inductiveCheckResultingUniverse false in
inductive PEmpty : Sort u

def Not (a : Prop) : Prop := a → False

structure Iff (a b : Prop) : Prop where
  intro ::
  mp : a → b
  mpr : b → a

inductive Exists {α : Sort u} (p : α → Prop) : Prop where
  | intro (w : α) (h : p w) : Exists p

inductive Eq {α : Sort u} : α → α → Prop where
  | refl (a : α) : Eq a a

@[reducible] def Ne {α : Sort u} (a b : α) : Prop := Not (Eq a b)

theorem rfl {α : Sort u} {a : α} : Eq a a := Eq.refl a

theorem Eq.subst {α : Sort u} {motive : α → Prop} {a b : α} (h₁ : Eq a b) (h₂ : motive a) : motive b :=
  Eq.rec (motive := fun x _ => motive x) h₂ h₁

theorem Eq.symm {α : Sort u} {a b : α} (h : Eq a b) : Eq b a :=
  Eq.rec (motive := fun x _ => Eq x a) rfl h

theorem Eq.trans {α : Sort u} {a b c : α} (h₁ : Eq a b) (h₂ : Eq b c) : Eq a c :=
  Eq.rec (motive := fun x _ => Eq a x) h₁ h₂

abbrev Eq.ndrec.{u1, u2} {α : Sort u2} {a : α} {motive : α → Sort u1} (m : motive a) {b : α} (h : Eq a b) : motive b :=
  Eq.rec (motive := fun x _ => motive x) m h

@[macro_inline] def cast {α β : Sort u} (h : Eq α β) (a : α) : β :=
  Eq.rec (motive := fun x _ => x) a h

@[macro_inline] def Eq.mp {α β : Sort u} (h : Eq α β) (a : α) : β := cast h a
@[macro_inline] def Eq.mpr {α β : Sort u} (h : Eq α β) (b : β) : α := cast h.symm b

theorem congrArg {α : Sort u} {β : Sort v} {a b : α} (f : α → β) (h : Eq a b) : Eq (f a) (f b) :=
  Eq.rec (motive := fun x _ => Eq (f a) (f x)) rfl h

theorem congr {α : Sort u} {β : Sort v} {f g : α → β} {a b : α} (h₁ : Eq f g) (h₂ : Eq a b) : Eq (f a) (g b) :=
  Eq.rec (motive := fun (x : α → β) _ => Eq (f a) (x b)) (congrArg f h₂) h₁

theorem congrFun {α : Sort u} {β : α → Sort v} {f g : (x : α) → β x} (h : Eq f g) (a : α) : Eq (f a) (g a) :=
  Eq.rec (motive := fun (x : (a : α) → β a) _ => Eq (f a) (x a)) rfl h

inductive HEq : {α : Sort u} → α → {β : Sort u} → β → Prop where
  | refl (a : α) : HEq a a

protected theorem HEq.rfl {α : Sort u} {a : α} : HEq a a := HEq.refl a

theorem eq_of_heq {α : Sort u} {a b : α} (h : HEq a b) : Eq a b :=
  have general : (e : Eq α α) → Eq (cast e a) b :=
    HEq.rec (motive := fun {γ} (c : γ) _ => (e : Eq α γ) → Eq (cast e a) c) (fun _ => Eq.refl a) h
  general rfl

theorem heq_of_eq {α : Sort u} {a b : α} (h : Eq a b) : HEq a b :=
  Eq.rec (motive := fun x _ => HEq a x) (HEq.refl a) h

@[inline] def id {α : Sort u} (a : α) : α := a
set_option checkBinderAnnotations false in
@[inline, reducible] def inferInstance {α : Sort u} [i : α] : α := i
@[macro_inline] def False.elim {C : Sort u} (h : False) : C := h.rec
@[macro_inline] def absurd {a : Prop} {b : Sort v} (h₁ : a) (h₂ : Not a) : b := (h₂ h₁).rec

theorem trivial : True := True.intro

theorem Or.elim {a b c : Prop} (h : Or a b) (left : a → c) (right : b → c) : c :=
  Or.rec (motive := fun _ => c) left right h

theorem Exists.elim {α : Sort u} {p : α → Prop} {b : Prop} (h : Exists p) (f : (a : α) → p a → b) : b :=
  Exists.rec (motive := fun _ => b) f h

axiom propext {a b : Prop} : Iff a b → Eq a b

/-! ## Axioms of Lean -/

init_quot

axiom Quot.sound {α : Sort u} {r : α → α → Prop} {a b : α} (h : r a b) : Eq (Quot.mk r a) (Quot.mk r b)

inductive Bool : Type where
  | false : Bool
  | true : Bool

export Bool (false true)

theorem Bool.false_ne_true (h : Eq false true) : False :=
  @Eq.rec Bool false (fun b _ => Bool.casesOn (motive := fun _ => Prop) b True False) True.intro true h

@[extern "lean_sorry", never_extract]
axiom sorryAx (α : Sort u) (synthetic : Bool) : α

inductive Nat where
  | zero : Nat
  | succ (n : Nat) : Nat

set_option bootstrap.genMatcherCode false in
@[extern "lean_nat_add"]
protected def Nat.add : (m n : Nat) → Nat
  | n, .zero => n
  | n, .succ m => .succ (Nat.add n m)

set_option bootstrap.genMatcherCode false in
@[extern "lean_nat_mul"]
protected def Nat.mul : (m n : Nat) → Nat
  | _, .zero => .zero
  | n, .succ m => Nat.add (Nat.mul n m) n

@[reducible] def optParam (α : Sort u) (_default : α) : Sort u := α
@[reducible] def outParam (α : Sort u) : Sort u := α

/-! ## What the elaborator asks for -/

structure PLift (α : Sort u) : Type u where
  up ::
  down : α

structure ULift.{r, s} (α : Type s) : Type (max s r) where
  up ::
  down : α

@[inline] unsafe def unsafeCast {α : Sort u} {β : Sort v} (a : α) : β :=
  PLift.down (ULift.down.{max u v} (cast lcProof (ULift.up.{max u v} (PLift.up a))))

class Inhabited (α : Sort u) where
  default : α

export Inhabited (default)

class inductive Nonempty (α : Sort u) : Prop where
  | intro (val : α) : Nonempty α

axiom Classical.choice {α : Sort u} : Nonempty α → α

theorem of_eq_true {p : Prop} (h : Eq p True) : p := Eq.mpr h True.intro
theorem eq_true {p : Prop} (h : p) : Eq p True := propext ⟨fun _ => True.intro, fun _ => h⟩
theorem eq_false {p : Prop} (h : Not p) : Eq p False := propext ⟨h, fun f => f.rec⟩
theorem congrFun' {α : Sort u} {β : Sort v} {f g : α → β} (h : Eq f g) (a : α) : Eq (f a) (g a) := congrFun h a
theorem implies_congr {p q : Sort u} {r s : Sort v} (h₁ : Eq p q) (h₂ : Eq r s) : Eq (p → r) (q → s) :=
  Eq.rec (motive := fun x _ => Eq (p → r) (x → s)) (Eq.rec (motive := fun y _ => Eq (p → r) (p → y)) rfl h₂) h₁

@[simp] theorem eq_self {α : Sort u} (a : α) : Eq (Eq a a) True := eq_true rfl
@[simp] theorem and_true (p : Prop) : Eq (And p True) p := propext ⟨fun h => h.left, fun h => ⟨h, True.intro⟩⟩
@[simp] theorem true_and (p : Prop) : Eq (And True p) p := propext ⟨fun h => h.right, fun h => ⟨True.intro, h⟩⟩
@[simp] theorem and_false (p : Prop) : Eq (And p False) False := eq_false fun h => h.right
@[simp] theorem false_and (p : Prop) : Eq (And False p) False := eq_false fun h => h.left
@[simp] theorem and_self (p : Prop) : Eq (And p p) p := propext ⟨fun h => h.left, fun h => ⟨h, h⟩⟩
@[simp] theorem or_true (p : Prop) : Eq (Or p True) True := eq_true (.inr True.intro)
@[simp] theorem true_or (p : Prop) : Eq (Or True p) True := eq_true (.inl True.intro)
@[simp] theorem or_false (p : Prop) : Eq (Or p False) p := propext ⟨fun h => h.elim id (fun f => f.rec), .inl⟩
@[simp] theorem false_or (p : Prop) : Eq (Or False p) p := propext ⟨fun h => h.elim (fun f => f.rec) id, .inr⟩
@[simp] theorem not_true : Eq (Not True) False := eq_false fun h => h True.intro
@[simp] theorem not_false : Eq (Not False) True := eq_true id
@[simp] theorem true_implies (p : Prop) : Eq (True → p) p := propext ⟨fun h => h True.intro, fun h _ => h⟩
@[simp] theorem implies_true (α : Sort u) : Eq (α → True) True := eq_true fun _ => True.intro

class inductive Decidable (p : Prop) where
  | isFalse (h : Not p) : Decidable p
  | isTrue (h : p) : Decidable p

export Decidable (isTrue isFalse)

@[inline_if_reduce, nospecialize] def Decidable.decide (p : Prop) [h : Decidable p] : Bool :=
  h.casesOn (fun _ => false) (fun _ => true)

export Decidable (decide)

theorem of_decide_eq_true {p : Prop} [inst : Decidable p] (h : Eq (decide p) true) : p :=
  Decidable.rec (motive := fun i => Eq (@decide p i) true → p)
    (fun _ e => False.elim (Bool.false_ne_true e)) (fun hp _ => hp) inst h

abbrev DecidablePred {α : Sort u} (r : α → Prop) := (a : α) → Decidable (r a)
abbrev DecidableEq (α : Sort u) := (a b : α) → Decidable (Eq a b)

@[macro_inline] def cond {α : Sort u} (c : Bool) (x y : α) : α :=
  match c with
  | true => x
  | false => y

@[macro_inline] def ite {α : Sort u} (c : Prop) [h : Decidable c] (t e : α) : α :=
  match h with
  | isTrue _ => t
  | isFalse _ => e

@[macro_inline] def dite {α : Sort u} (c : Prop) [h : Decidable c] (t : c → α) (e : Not c → α) : α :=
  match h with
  | isTrue hc => t hc
  | isFalse hnc => e hnc

class OfNat (α : Type u) (_ : Nat) where
  ofNat : α

@[default_instance 100]
instance instOfNatNat (n : Nat) : OfNat Nat n := ⟨n⟩

class HAdd (α : Type u) (β : Type v) (γ : outParam (Type w)) where
  hAdd : α → β → γ
class HMul (α : Type u) (β : Type v) (γ : outParam (Type w)) where
  hMul : α → β → γ
class Add (α : Type u) where
  add : α → α → α
class Mul (α : Type u) where
  mul : α → α → α
@[default_instance]
instance instHAdd {α : Type u} [Add α] : HAdd α α α := ⟨Add.add⟩
@[default_instance]
instance instHMul {α : Type u} [Mul α] : HMul α α α := ⟨Mul.mul⟩
class HSub (α : Type u) (β : Type v) (γ : outParam (Type w)) where
  hSub : α → β → γ
class Sub (α : Type u) where
  sub : α → α → α
@[default_instance]
instance instHSub {α : Type u} [Sub α] : HSub α α α := ⟨Sub.sub⟩
instance instAddNat : Add Nat := ⟨Nat.add⟩
instance instMulNat : Mul Nat := ⟨Nat.mul⟩

/-! ## Order on numbers -/

class LT (α : Type u) where
  lt : α → α → Prop
class LE (α : Type u) where
  le : α → α → Prop

@[reducible] def GT.gt {α : Type u} [LT α] (a b : α) : Prop := LT.lt b a
@[reducible] def GE.ge {α : Type u} [LE α] (a b : α) : Prop := LE.le b a

protected inductive Nat.le (n : Nat) : Nat → Prop where
  | refl : Nat.le n n
  | step {m : Nat} (h : Nat.le n m) : Nat.le n (.succ m)

protected def Nat.lt (n m : Nat) : Prop := Nat.le (.succ n) m

instance instLTNat : LT Nat := ⟨Nat.lt⟩
instance instLENat : LE Nat := ⟨Nat.le⟩

set_option bootstrap.genMatcherCode false in
@[extern "lean_nat_pow"]
protected def Nat.pow (m : Nat) : Nat → Nat
  | .zero => 1
  | .succ n => Nat.mul (Nat.pow m n) m

set_option bootstrap.genMatcherCode false in
@[extern "lean_nat_pred"]
def Nat.pred : Nat → Nat
  | .zero => .zero
  | .succ n => n

set_option bootstrap.genMatcherCode false in
@[extern "lean_nat_sub"]
protected def Nat.sub : Nat → Nat → Nat
  | n, .zero => n
  | n, .succ m => Nat.pred (Nat.sub n m)

instance instSubNat : Sub Nat := ⟨Nat.sub⟩

set_option bootstrap.genMatcherCode false in
@[extern "lean_nat_dec_eq"]
def Nat.beq : Nat → Nat → Bool
  | .zero, .zero => true
  | .zero, .succ _ => false
  | .succ _, .zero => false
  | .succ n, .succ m => Nat.beq n m

set_option bootstrap.genMatcherCode false in
@[extern "lean_nat_dec_le"]
def Nat.ble : Nat → Nat → Bool
  | .zero, _ => true
  | .succ _, .zero => false
  | .succ n, .succ m => Nat.ble n m

@[reducible] noncomputable def Nat.ctorIdx (n : Nat) : Nat :=
  Nat.casesOn (motive := fun _ => Nat) n Nat.zero (fun _ => Nat.succ Nat.zero)

theorem Nat.beq_refl (n : Nat) : Eq (Nat.beq n n) true :=
  Nat.rec (motive := fun m => Eq (Nat.beq m m) true) rfl (fun _ h => h) n

abbrev Bool.Holds (b : Bool) : Prop := Bool.casesOn (motive := fun _ => Prop) b False True

theorem noConfusion_of_Nat {α : Sort u} (f : α → Nat) {a b : α} (h : Eq a b) : Bool.Holds (Nat.beq (f a) (f b)) :=
  have same : Bool.Holds (Nat.beq (f a) (f a)) :=
    @Eq.rec Bool true (fun b _ => Bool.Holds b) True.intro (Nat.beq (f a) (f a)) (Nat.beq_refl (f a)).symm
  Eq.rec (motive := fun x _ => Bool.Holds (Nat.beq (f a) (f x))) same h

theorem Nat.eq_of_beq_eq_true : (n m : Nat) → Eq (Nat.beq n m) true → Eq n m
  | .zero, .zero, _ => rfl
  | .zero, .succ _, h => False.elim (Bool.false_ne_true h)
  | .succ _, .zero, h => False.elim (Bool.false_ne_true h)
  | .succ n, .succ m, h => congrArg Nat.succ (Nat.eq_of_beq_eq_true n m h)

@[extern "lean_nat_dec_eq"]
def Nat.decEq (n m : Nat) : Decidable (Eq n m) :=
  Bool.casesOn (motive := fun b => Eq (Nat.beq n m) b → Decidable (Eq n m)) (Nat.beq n m)
    (fun h => isFalse (fun e =>
      Bool.false_ne_true (Eq.trans h.symm (Eq.rec (motive := fun x _ => Eq (Nat.beq n x) true) (Nat.beq_refl n) e))))
    (fun h => isTrue (Nat.eq_of_beq_eq_true n m h)) rfl

instance instDecidableEqNat : DecidableEq Nat := Nat.decEq

theorem Nat.le_of_ble_eq_true : (n m : Nat) → Eq (Nat.ble n m) true → Nat.le n m
  | .zero, m, _ => Nat.rec (motive := fun k => Nat.le .zero k) Nat.le.refl (fun _ h => Nat.le.step h) m
  | .succ _, .zero, h => False.elim (Bool.false_ne_true h)
  | .succ n, .succ m, h =>
    Nat.le.rec (motive := fun k _ => Nat.le (.succ n) (.succ k)) Nat.le.refl (fun _ h => Nat.le.step h)
      (Nat.le_of_ble_eq_true n m h)

theorem Nat.ble_self (n : Nat) : Eq (Nat.ble n n) true :=
  Nat.rec (motive := fun m => Eq (Nat.ble m m) true) rfl (fun _ h => h) n

theorem Nat.ble_step : (n m : Nat) → Eq (Nat.ble n m) true → Eq (Nat.ble n (.succ m)) true
  | .zero, _, _ => rfl
  | .succ _, .zero, h => False.elim (Bool.false_ne_true h)
  | .succ n, .succ m, h => Nat.ble_step n m h

theorem Nat.ble_eq_true_of_le (n m : Nat) (h : Nat.le n m) : Eq (Nat.ble n m) true :=
  Nat.le.rec (motive := fun k _ => Eq (Nat.ble n k) true) (Nat.ble_self n) (fun _ h => Nat.ble_step n _ h) h

@[extern "lean_nat_dec_le"]
def Nat.decLe (n m : Nat) : Decidable (LE.le n m) :=
  Bool.casesOn (motive := fun b => Eq (Nat.ble n m) b → Decidable (LE.le n m)) (Nat.ble n m)
    (fun h => isFalse (fun e => Bool.false_ne_true (Eq.trans h.symm (Nat.ble_eq_true_of_le n m e))))
    (fun h => isTrue (Nat.le_of_ble_eq_true n m h)) rfl

instance instDecidableLeNat (n m : Nat) : Decidable (LE.le n m) := Nat.decLe n m
instance instDecidableLtNat (n m : Nat) : Decidable (LT.lt n m) := Nat.decLe (.succ n) m

@[induction_eliminator]
protected theorem Nat.induct {motive : Nat → Prop} (zero : motive 0) (succ : (n : Nat) → motive n → motive (HAdd.hAdd n 1))
    (t : Nat) : motive t :=
  Nat.rec zero succ t

@[cases_eliminator]
protected theorem Nat.caseSplit {motive : Nat → Prop} (zero : motive 0) (succ : (n : Nat) → motive (HAdd.hAdd n 1))
    (t : Nat) : motive t :=
  Nat.casesOn t zero succ

inductive List (α : Type u) where
  | nil : List α
  | cons (head : α) (tail : List α) : List α

inductive Option (α : Type u) where
  | none : Option α
  | some (val : α) : Option α

export Option (none some)

structure Array (α : Type u) where
  mk ::
  toList : List α

attribute [extern "lean_array_to_list"] Array.toList
attribute [extern "lean_array_mk"] Array.mk

structure Fin (n : Nat) where
  mk ::
  val : Nat
  isLt : LT.lt val n

structure BitVec (w : Nat) where
  ofFin ::
  toFin : Fin (Nat.pow 2 w)

structure UInt8 where
  ofBitVec ::
  toBitVec : BitVec 8
structure UInt16 where
  ofBitVec ::
  toBitVec : BitVec 16
structure UInt32 where
  ofBitVec ::
  toBitVec : BitVec 32
structure UInt64 where
  ofBitVec ::
  toBitVec : BitVec 64

structure ByteArray where
  data : Array UInt8

structure Char where
  val : UInt32
  valid : True

structure String where
  ofByteArray ::
  toByteArray : ByteArray
  isValidUTF8 : True

theorem Nat.zero_le (n : Nat) : LE.le 0 n :=
  Nat.rec (motive := fun m => Nat.le 0 m) Nat.le.refl (fun _ h => Nat.le.step h) n

theorem Nat.succ_le_succ {n m : Nat} (h : LE.le n m) : LE.le (Nat.succ n) (Nat.succ m) :=
  Nat.le.rec (motive := fun k _ => Nat.le (Nat.succ n) (Nat.succ k)) Nat.le.refl (fun _ h => Nat.le.step h) h

instance : Inhabited UInt64 := ⟨⟨⟨⟨0, Nat.succ_le_succ (Nat.zero_le 18446744073709551615)⟩⟩⟩⟩

@[extern "lean_uint64_of_nat"]
opaque UInt64.ofNatCore (n : Nat) : UInt64
@[extern "lean_uint64_mix_hash"]
opaque mixHash (u₁ u₂ : UInt64) : UInt64
@[extern "lean_string_hash"]
protected opaque String.hash (s : @& String) : UInt64

namespace Lean

inductive Name where
  | anonymous : Name
  | str (pre : Name) (str : String)
  | num (pre : Name) (i : Nat)
with
  @[computed_field] hash : Name → UInt64
    | .anonymous => UInt64.ofNatCore 1723
    | .str p s => mixHash p.hash s.hash
    | .num p v => mixHash p.hash (UInt64.ofNatCore v)

abbrev Name.mkStr (p : Name) (s : String) : Name := Name.str p s
abbrev Name.mkNum (p : Name) (v : Nat) : Name := Name.num p v
abbrev Name.mkSimple (s : String) : Name := .str .anonymous s
@[reducible] def Name.mkStr1 (s₁ : String) : Name := .str .anonymous s₁
@[reducible] def Name.mkStr2 (s₁ s₂ : String) : Name := .str (.str .anonymous s₁) s₂
@[reducible] def Name.mkStr3 (s₁ s₂ s₃ : String) : Name := .str (.str (.str .anonymous s₁) s₂) s₃
@[reducible] def Name.mkStr4 (s₁ s₂ s₃ s₄ : String) : Name := .str (.str (.str (.str .anonymous s₁) s₂) s₃) s₄

@[reducible] def Name.mkStr5 (s₁ s₂ s₃ s₄ s₅ : String) : Name := .str (Name.mkStr4 s₁ s₂ s₃ s₄) s₅

abbrev SyntaxNodeKind := Name

inductive ParserDescr where
  | const (name : Name)
  | unary (name : Name) (p : ParserDescr)
  | binary (name : Name) (p₁ p₂ : ParserDescr)
  | node (kind : SyntaxNodeKind) (prec : Nat) (p : ParserDescr)
  | trailingNode (kind : SyntaxNodeKind) (prec lhsPrec : Nat) (p : ParserDescr)
  | symbol (val : String)
  | nonReservedSymbol (val : String) (includeIdent : Bool)
  | cat (catName : Name) (rbp : Nat)
  | parser (declName : Name)
  | nodeWithAntiquot (name : String) (kind : SyntaxNodeKind) (p : ParserDescr)
  | sepBy (p : ParserDescr) (sep : String) (psep : ParserDescr) (allowTrailingSep : Bool := false)
  | sepBy1 (p : ParserDescr) (sep : String) (psep : ParserDescr) (allowTrailingSep : Bool := false)
  | unicodeSymbol (val : String) (asciiVal : String) (preserveForPP : Bool)

instance : Inhabited ParserDescr := ⟨.symbol ""⟩

abbrev TrailingParserDescr := ParserDescr

/-! ## Macros and the parsers of tactics

Only names of types: macros are compiled code of the library, which this file declares and never writes. -/

structure Syntax where
  here : Nat
  there : Nat

structure Macro.Context where
  here : Nat
  there : Nat

structure Macro.State where
  here : Nat
  there : Nat

structure Macro.Answer where
  here : Nat
  there : Nat

abbrev Macro := Syntax → Macro.Context → Macro.State → Macro.Answer

instance : Inhabited Macro := ⟨fun _ _ _ => ⟨0, 0⟩⟩

structure Parser.Category

namespace PrettyPrinter

abbrev Unexpander := Syntax → Syntax → Unit → Macro.Answer

instance : Inhabited Unexpander := ⟨fun _ _ _ => ⟨0, 0⟩⟩

end PrettyPrinter

syntax binderIdent := orelse(ident, hole)

namespace Parser.Tactic

declare_syntax_cat rawStx (behavior := both)
syntax locationWildcard := " *"
syntax locationType := atomic("|" noWs "-")
syntax locationHyp := many1(ppSpace colGt orelse(term:1024, locationType))
syntax location := withPosition(ppGroup(" at" orelse(locationWildcard, locationHyp)))
syntax valConfigItem := atomic(" (" orelse(ident, &"config") " := ") withoutPosition(term) ")"
syntax configItem := valConfigItem
syntax optConfig := many(colGt configItem)
syntax rwRule := optional(patternIgnore(orelse("← ", "<- "))) term
syntax rwRuleSeq := " [" withoutPosition(sepBy(rwRule, ", ", ", ", allowTrailingSep)) "]"
syntax (name := exact) "exact " term : tactic
syntax (name := intro) "intro" many(ppSpace colGt term:1024) : tactic
syntax (name := intros) "intros" many(ppSpace colGt orelse(ident, hole)) : tactic
syntax (name := revert) "revert" many1(ppSpace colGt term:1024) : tactic
syntax (name := clear) "clear" many1(ppSpace colGt term:1024) : tactic
syntax (name := subst) "subst" many1(ppSpace colGt term:1024) : tactic
syntax (name := apply) "apply " term : tactic
syntax (name := refine) "refine " term : tactic
syntax (name := refine') "refine' " term : tactic
syntax (name := specialize) "specialize " term : tactic
syntax (name := assumption) "assumption" : tactic
syntax (name := constructor) "constructor" : tactic
syntax (name := left) "left" : tactic
syntax (name := right) "right" : tactic
syntax (name := contradiction) "contradiction" : tactic
syntax (name := tacticExfalso) "exfalso" : tactic
@[macro Lean.Parser.Tactic.tacticExfalso, extern "library"] opaque _aux_Init_Tactics___macroRules_Lean_Parser_Tactic_tacticExfalso_1 : Lean.Macro
syntax (name := tacticTrivial) "trivial" : tactic
@[macro Lean.Parser.Tactic.tacticTrivial, extern "library"] opaque _aux_Init_Tactics___macroRules_Lean_Parser_Tactic_tacticTrivial_1 : Lean.Macro
@[macro Lean.Parser.Tactic.tacticTrivial, extern "library"] opaque _aux_Init_Tactics___macroRules_Lean_Parser_Tactic_tacticTrivial_2 : Lean.Macro
@[macro Lean.Parser.Tactic.tacticTrivial, extern "library"] opaque _aux_Init_Tactics___macroRules_Lean_Parser_Tactic_tacticTrivial_4 : Lean.Macro
@[macro Lean.Parser.Tactic.tacticTrivial, extern "library"] opaque _aux_Init_Tactics___macroRules_Lean_Parser_Tactic_tacticTrivial_5 : Lean.Macro
syntax (name := done) "done" : tactic
syntax (name := skip) "skip" : tactic
syntax (name := eqRefl) "eq_refl" : tactic
syntax (name := tacticRfl) "rfl" : tactic
@[macro Lean.Parser.Tactic.tacticRfl, extern "library"] opaque _aux_Init_Tactics___macroRules_Lean_Parser_Tactic_tacticRfl_1 : Lean.Macro
syntax (name := tacticSorry) "sorry" : tactic
@[macro Lean.Parser.Tactic.tacticSorry, extern "library"] opaque _aux_Init_Tactics___macroRules_Lean_Parser_Tactic_tacticSorry_1 : Lean.Macro
syntax (name := tacticAdmit) "admit" : tactic
@[macro Lean.Parser.Tactic.tacticAdmit, extern "library"] opaque _aux_Init_Tactics___macroRules_Lean_Parser_Tactic_tacticAdmit_1 : Lean.Macro
syntax (name := focus) "focus " tacticSeq : tactic
syntax (name := allGoals) "all_goals " tacticSeq : tactic
syntax (name := anyGoals) "any_goals " tacticSeq : tactic
syntax (name := first) "first " withPosition(many1(ppDedent(ppLine) colGe "| " tacticSeq)) : tactic
syntax (name := tacticTry_) "try " tacticSeq : tactic
@[macro Lean.Parser.Tactic.tacticTry_, extern "library"] opaque _aux_Init_Tactics___macroRules_Lean_Parser_Tactic_tacticTry__1 : Lean.Macro
syntax:1 (name := «tactic_<;>_») tactic " <;> " tactic:2 : tactic
@[macro Lean.Parser.Tactic.«tactic_<;>_», extern "library"] opaque «_aux_Init_Tactics___macroRules_Lean_Parser_Tactic_tactic_<;>__1» : Lean.Macro
syntax (name := paren) "(" withoutPosition(tacticSeq) ")" : tactic
syntax (name := withReducible) "with_reducible " tacticSeq : tactic
syntax (name := withAnnotateState) "with_annotate_state " rawStx ppSpace tactic : tactic
syntax (name := rotateRight) "rotate_right" optional(num) : tactic
syntax (name := rotateLeft) "rotate_left" optional(num) : tactic
syntax (name := tacticRefine_lift_) "refine_lift " term : tactic
@[macro Lean.Parser.Tactic.tacticRefine_lift_, extern "library"] opaque _aux_Init_Tactics___macroRules_Lean_Parser_Tactic_tacticRefine_lift__1 : Lean.Macro
syntax (name := tacticRefine_lift'_) "refine_lift' " term : tactic
@[macro Lean.Parser.Tactic.tacticRefine_lift'_, extern "library"] opaque _aux_Init_Tactics___macroRules_Lean_Parser_Tactic_tacticRefine_lift'__1 : Lean.Macro
syntax (name := tacticHave__) "have" letConfig letDecl : tactic
@[macro Lean.Parser.Tactic.tacticHave__, extern "library"] opaque _aux_Init_Tactics___macroRules_Lean_Parser_Tactic_tacticHave___1 : Lean.Macro
syntax (name := tacticLet__) "let" letConfig letDecl : tactic
@[macro Lean.Parser.Tactic.tacticLet__, extern "library"] opaque _aux_Init_Tactics___macroRules_Lean_Parser_Tactic_tacticLet___1 : Lean.Macro
syntax (name := tacticSuffices_) "suffices " sufficesDecl : tactic
@[macro Lean.Parser.Tactic.tacticSuffices_, extern "library"] opaque _aux_Init_Tactics___macroRules_Lean_Parser_Tactic_tacticSuffices__1 : Lean.Macro
syntax (name := change) "change " term optional(location) : tactic
syntax (name := «show») "show " term : tactic
syntax (name := fail) "fail" optional(ppSpace str) : tactic
syntax (name := rewriteSeq) "rewrite" optConfig rwRuleSeq optional(location) : tactic
syntax (name := rwSeq) "rw " optConfig rwRuleSeq optional(location) : tactic
@[macro Lean.Parser.Tactic.rwSeq, extern "library"] opaque _aux_Init_Tactics___macroRules_Lean_Parser_Tactic_rwSeq_1 : Lean.Macro

syntax caseArg := binderIdent many(ppSpace binderIdent)
syntax (name := «case») "case " sepBy1(caseArg, " | ") " => " tacticSeq : tactic
syntax (name := «tacticNext_=>_») "next " many(binderIdent) " => " tacticSeq : tactic
@[macro Lean.Parser.Tactic.«tacticNext_=>_», extern "library"] opaque «_aux_Init_Tactics___macroRules_Lean_Parser_Tactic_tacticNext_=>__1» : Lean.Macro
syntax (name := renameI) "rename_i" many1(ppSpace colGt binderIdent) : tactic
syntax (name := unfold) "unfold" many1(ppSpace colGt ident) optional(location) : tactic
syntax (name := injection) "injection " term optional(" with" many1(ppSpace colGt orelse(ident, hole))) : tactic
syntax generalizeArg := optional(atomic(ident " : ")) term:51 " = " ident
syntax (name := generalize) "generalize " sepBy1(generalizeArg, ", ") optional(location) : tactic

syntax inductionAltLHS := withPosition("| " orelse(group(optional("@") ident), hole) many(colGt orelse(ident, hole)))
syntax inductionAlt := many1(inductionAltLHS) optional(" => " orelse(hole, orelse(syntheticHole, tacticSeq)))
syntax inductionAlts := " with" optional(ppSpace colGt tactic) withPosition(many1(colGe inductionAlt))
syntax elimTarget := optional(atomic(binderIdent " : ")) term
syntax (name := induction) "induction " sepBy1(elimTarget, ", ") optional(" using " term) optional(" generalizing" many1(ppSpace colGt term:1024)) optional(inductionAlts) : tactic
syntax (name := cases) "cases " sepBy1(elimTarget, ", ") optional(" using " term) optional(inductionAlts) : tactic
syntax (name := «tacticExists_,,») "exists " sepBy1(term, ", ") : tactic
@[macro Lean.Parser.Tactic.«tacticExists_,,», extern "library"] opaque «_aux_Init_Tactics___macroRules_Lean_Parser_Tactic_tacticExists_,,_1» : Lean.Macro

syntax simpPre := "↓"
syntax simpPost := "↑"
syntax simpLemma := optional(orelse(simpPre, simpPost)) optional(patternIgnore(orelse("← ", "<- "))) term
syntax simpErase := "-" term:1024
syntax simpStar := "*"
syntax simpArgs := " [" sepBy(orelse(simpStar, orelse(simpErase, simpLemma)), ", ", ", ", allowTrailingSep) "] "
syntax discharger := atomic(" (" patternIgnore(orelse(&"discharger", &"disch"))) " := " withoutPosition(tacticSeq) ")"
syntax (name := simp) "simp" optConfig optional(discharger) optional(&" only") optional(simpArgs) optional(location) : tactic
syntax (name := dsimp) "dsimp" optConfig optional(discharger) optional(&" only") optional(simpArgs) optional(location) : tactic
syntax (name := simpAll) "simp_all" optConfig optional(discharger) optional(&" only") optional(simpArgs) : tactic
syntax (name := decide) "decide" optConfig : tactic
syntax (name := split) "split" optional(ppSpace colGt term) optional(location) : tactic
syntax (name := applyRfl) "apply_rfl" : tactic

declare_syntax_cat rcasesPat
declare_syntax_cat rintroPat
syntax rcasesPatMed := sepBy1(rcasesPat, " | ")
syntax rcasesPatLo := rcasesPatMed optional(" : " term)
syntax (name := rcasesPat.one) ident : rcasesPat
syntax (name := rcasesPat.ignore) "_" : rcasesPat
syntax (name := rcasesPat.clear) "-" : rcasesPat
syntax (name := rcasesPat.tuple) "⟨" sepBy(rcasesPatLo, ", ") "⟩" : rcasesPat
syntax (name := rcasesPat.paren) "(" rcasesPatLo ")" : rcasesPat
syntax (name := rintroPat.one) rcasesPat : rintroPat
syntax (name := rintroPat.binder) "(" rcasesPatLo ")" : rintroPat
syntax (name := obtain) "obtain" optional(ppSpace rcasesPatMed) optional(" : " term) optional(" := " sepBy1(term, ",")) : tactic
syntax (name := rcases) "rcases" sepBy1(elimTarget, ", ") optional(" with " rcasesPatLo) : tactic
syntax (name := rintro) "rintro" many1(ppSpace colGt rintroPat) optional(" : " term) : tactic

end Parser.Tactic

syntax cdotTk := patternIgnore(orelse("· ", ". "))
syntax (name := cdot) cdotTk tacticSeqIndentGt : tactic

end Lean

/-! ## Notations -/

syntax:35 (name := «term_∧_») term:36 " ∧ " term:35 : term
@[macro «term_∧_», extern "library"] opaque «_aux_Init_Notation___macroRules_term_∧__1» : Lean.Macro
@[app_unexpander And, extern "library"] opaque _aux_Init_Notation___unexpand_And_1 : Lean.PrettyPrinter.Unexpander
syntax:30 (name := «term_∨_») term:31 " ∨ " term:30 : term
@[macro «term_∨_», extern "library"] opaque «_aux_Init_Notation___macroRules_term_∨__1» : Lean.Macro
@[app_unexpander Or, extern "library"] opaque _aux_Init_Notation___unexpand_Or_1 : Lean.PrettyPrinter.Unexpander
syntax:1024 (name := «term¬_») "¬" term:40 : term
@[macro «term¬_», extern "library"] opaque «_aux_Init_Notation___macroRules_term¬__1» : Lean.Macro
@[app_unexpander Not, extern "library"] opaque _aux_Init_Notation___unexpand_Not_1 : Lean.PrettyPrinter.Unexpander
syntax:20 (name := «term_↔_») term:21 " ↔ " term:21 : term
@[macro «term_↔_», extern "library"] opaque «_aux_Init_Core___macroRules_term_↔__1» : Lean.Macro
@[app_unexpander Iff, extern "library"] opaque _aux_Init_Core___unexpand_Iff_2 : Lean.PrettyPrinter.Unexpander
syntax:20 (name := «term_<->_») term:21 " <-> " term:21 : term
@[macro «term_<->_», extern "library"] opaque «_aux_Init_Core___macroRules_term_<->__1» : Lean.Macro
syntax:50 (name := «term_=_») term:51 " = " term:51 : term
@[macro «term_=_», extern "library"] opaque «_aux_Init_Notation___macroRules_term_=__1» : Lean.Macro
@[app_unexpander Eq, extern "library"] opaque _aux_Init_Notation___unexpand_Eq_1 : Lean.PrettyPrinter.Unexpander
syntax:50 (name := «term_≠_») term:51 " ≠ " term:51 : term
@[macro «term_≠_», extern "library"] opaque «_aux_Init_Core___macroRules_term_≠__1» : Lean.Macro
@[app_unexpander Ne, extern "library"] opaque _aux_Init_Core___unexpand_Ne_1 : Lean.PrettyPrinter.Unexpander
syntax:50 (name := «term_≤_») term:51 " ≤ " term:51 : term
@[macro «term_≤_», extern "library"] opaque «_aux_Init_Notation___macroRules_term_≤__1» : Lean.Macro
@[app_unexpander LE.le, extern "library"] opaque _aux_Init_Notation___unexpand_LE_le_2 : Lean.PrettyPrinter.Unexpander
syntax:50 (name := «term_<=_») term:51 " <= " term:51 : term
@[macro «term_<=_», extern "library"] opaque «_aux_Init_Notation___macroRules_term_<=__1» : Lean.Macro
syntax:50 (name := «term_≥_») term:51 " ≥ " term:51 : term
@[macro «term_≥_», extern "library"] opaque «_aux_Init_Notation___macroRules_term_≥__1» : Lean.Macro
@[app_unexpander GE.ge, extern "library"] opaque _aux_Init_Notation___unexpand_GE_ge_2 : Lean.PrettyPrinter.Unexpander
syntax:50 (name := «term_>=_») term:51 " >= " term:51 : term
@[macro «term_>=_», extern "library"] opaque «_aux_Init_Notation___macroRules_term_>=__1» : Lean.Macro
syntax:50 (name := «term_>_») term:51 " > " term:51 : term
@[macro «term_>_», extern "library"] opaque «_aux_Init_Notation___macroRules_term_>__1» : Lean.Macro
@[app_unexpander GT.gt, extern "library"] opaque _aux_Init_Notation___unexpand_GT_gt_1 : Lean.PrettyPrinter.Unexpander
syntax:50 (name := «term_<_») term:51 " < " term:51 : term
@[macro «term_<_», extern "library"] opaque «_aux_Init_Notation___macroRules_term_<__1» : Lean.Macro
@[app_unexpander LT.lt, extern "library"] opaque _aux_Init_Notation___unexpand_LT_lt_1 : Lean.PrettyPrinter.Unexpander
syntax:65 (name := «term_+_») term:65 " + " term:66 : term
@[macro «term_+_», extern "library"] opaque «_aux_Init_Notation___macroRules_term_+__1» : Lean.Macro
@[app_unexpander HAdd.hAdd, extern "library"] opaque _aux_Init_Notation___unexpand_HAdd_hAdd_1 : Lean.PrettyPrinter.Unexpander
syntax:65 (name := «term_-_») term:65 " - " term:66 : term
@[macro «term_-_», extern "library"] opaque «_aux_Init_Notation___macroRules_term_-__1» : Lean.Macro
@[app_unexpander HSub.hSub, extern "library"] opaque _aux_Init_Notation___unexpand_HSub_hSub_1 : Lean.PrettyPrinter.Unexpander
syntax:70 (name := «term_*_») term:70 " * " term:71 : term
@[macro «term_*_», extern "library"] opaque «_aux_Init_Notation___macroRules_term_*__1» : Lean.Macro
@[app_unexpander HMul.hMul, extern "library"] opaque _aux_Init_Notation___unexpand_HMul_hMul_1 : Lean.PrettyPrinter.Unexpander
syntax:67 (name := «term_::_») term:68 " :: " term:67 : term
@[macro «term_::_», extern "library"] opaque «_aux_Init_Notation___macroRules_term_::__1» : Lean.Macro
@[app_unexpander List.cons, extern "library"] opaque _aux_Init_Notation___unexpand_List_cons_1 : Lean.PrettyPrinter.Unexpander
syntax:35 (name := «term_×_») term:36 " × " term:35 : term
@[macro «term_×_», extern "library"] opaque «_aux_Init_Notation___macroRules_term_×__1» : Lean.Macro
@[app_unexpander Prod, extern "library"] opaque _aux_Init_Notation___unexpand_Prod_1 : Lean.PrettyPrinter.Unexpander

namespace Lean
syntax unbracketedExplicitBinders := many1(ppSpace binderIdent) optional(" : " term)
syntax bracketedExplicitBinders := "(" withoutPosition(many1(binderIdent ppSpace) ": " term) ")"
syntax explicitBinders := orelse(many1(ppSpace bracketedExplicitBinders), unbracketedExplicitBinders)
end Lean
open Lean in
syntax (name := «term∃_,_») "∃" explicitBinders ", " term : term
@[macro «term∃_,_», extern "library"] opaque «_aux_Init_NotationExtra___macroRules_term∃_,__1» : Lean.Macro
@[app_unexpander Exists, extern "library"] opaque unexpandExists : Lean.PrettyPrinter.Unexpander
