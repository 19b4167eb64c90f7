"""The gate for Rocq: reference and candidate compiled apart, and asked about from a third file."""
