"""Traces Rocq files: replays their proofs, and joins the steps with the names that Rocq saw in their tactics."""
