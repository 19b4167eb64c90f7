"""Contests in human steps: how likely each model finds the tactics that people wrote, and what the scores say."""
