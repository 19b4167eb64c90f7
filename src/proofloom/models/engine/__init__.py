"""Engines: from prompts to candidates, by beam search or by sampling.  Importing this package imports no torch."""
