"""The verb `doctor`: what is installed, whether it works, and what each missing part would add."""
