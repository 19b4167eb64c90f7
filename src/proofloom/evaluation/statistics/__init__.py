"""Intervals and paired tests: how far counts and differences can be trusted.  Pure, and usable without a contest."""
