"""Moves with premises: which retriever finds them, and what is done with what it finds."""
