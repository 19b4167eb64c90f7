"""Statements of public benchmarks: the form in which they are handed out, and which of them are known to be wrong."""
