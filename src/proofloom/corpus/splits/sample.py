"""The sample of Rocq's standard library that the split `figures` holds out: 50 lemmas each of six libraries."""

from __future__ import annotations

from pathlib import Path

STDLIB_SAMPLE = Path(__file__).with_name("stdlib_sample_300.jsonl")
"""One JSON object a line: `library`, `file` (its logical name), `name`, `char_offset`, `human_tactics`."""
