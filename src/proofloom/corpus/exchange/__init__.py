"""Importers and exporters: the layout of LeanDojo Benchmark 4, and Parquet."""
