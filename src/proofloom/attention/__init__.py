"""Attention that follows levels and trees, and attention for decoding; a plain reference stands beside each kernel."""
