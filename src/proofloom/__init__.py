"""Proofloom proves Rocq and Lean theorems and calls nothing proved that an independent check has not accepted."""

__version__ = "0.1.0"
