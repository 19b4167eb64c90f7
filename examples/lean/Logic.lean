prelude
import ProofCore

/-! Propositions. Each `sorry` marks what is to be proved. -/

theorem and_swaps (p q : Prop) : p ∧ q ↔ q ∧ p := sorry

theorem distributes (p q r : Prop) : p ∧ (q ∨ r) → p ∧ q ∨ p ∧ r := by
  sorry

theorem curry (p q r : Prop) : (p ∧ q → r) ↔ (p → q → r) := sorry

theorem neither (p q : Prop) : ¬(p ∨ q) ↔ ¬p ∧ ¬q := sorry

theorem not_exists (α : Type) (p : α → Prop) : (¬∃ x, p x) → ∀ x, ¬p x := by
  sorry

/-- A proof that is half done. -/
theorem both_or (p q r : Prop) (h : p ∧ q ∨ r) : (p ∨ r) ∧ (q ∨ r) := by
  constructor
  · sorry
  · cases h with
    | inl both => exact Or.inl both.right
    | inr last => sorry
