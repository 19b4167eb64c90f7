"""Attention that reads the levels of its tokens, and attention for decoding; a reference stands beside each kernel."""
