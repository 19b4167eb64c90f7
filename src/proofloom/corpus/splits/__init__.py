"""Divides theorems into training, validation and test, by what their statements and proofs have in common."""
