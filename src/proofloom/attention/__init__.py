"""Attention that reads the levels of its tokens; a plain quadratic reference stands beside each fast kernel."""
