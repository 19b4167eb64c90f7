"""The gate for Lean: a candidate compiled afresh, and asked about from outside."""
