"""Lean 4 behind the assistant seam: files, sessions, projects.  Only this package knows what Lean is."""
