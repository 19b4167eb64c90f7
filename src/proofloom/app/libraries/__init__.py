"""The verbs on traced libraries: `trace`, `corpus`, `split`, `index` and `search`."""
