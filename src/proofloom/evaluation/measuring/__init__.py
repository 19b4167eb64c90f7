"""Figures of benchmarks with their goals, and what a call costs in time and memory."""
