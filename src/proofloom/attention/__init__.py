"""Attention that reads the levels of its tokens, and attention for decoding; a plain quadratic reference stands beside each fast kernel."""
