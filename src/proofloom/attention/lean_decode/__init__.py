"""Decode attention with equal work for every program: one line of key tiles, cut into equal pieces, merged exactly."""
