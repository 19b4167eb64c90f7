prelude
import ProofCore

/-! Natural numbers; addition goes down its second argument. Some theorems need the ones before them. -/

namespace Numbers

theorem zero_plus (n : Nat) : 0 + n = n := sorry

theorem succ_plus (n m : Nat) : n + 1 + m = n + m + 1 := by
  sorry

theorem plus_comm (n m : Nat) : n + m = m + n := sorry

theorem plus_assoc (n m k : Nat) : n + m + k = n + (m + k) := sorry

def double (n : Nat) : Nat := n + n

theorem double_of_equal (n m : Nat) (h : n = m) : double n = m + m := sorry

theorem double_is_one (n : Nat) (h : n + 1 = 1) : double n = 0 := by
  sorry

/-- The hole stands in a helper. -/
theorem least (p : Nat → Prop) (zero : p 0) (step : ∀ n, p n → p (n + 1)) (n : Nat) : p n := all n
where
  all (k : Nat) : p k := sorry

end Numbers
