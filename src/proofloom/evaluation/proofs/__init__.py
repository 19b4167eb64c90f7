"""Contests in proofs: problems at their own places, attempts, what was asked of a model, what the attempts say."""
