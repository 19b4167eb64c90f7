"""What the benchmarks measure beside the project's own programs; no programs of their own."""
