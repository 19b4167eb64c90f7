"""What a Lean text says by itself, without asking Lean: tokens, commands, proofs by tactics, holes."""
