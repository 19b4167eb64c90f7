"""Nearest neighbours: every step of a library by what its goal looks like, and its tactic said again with new names."""
