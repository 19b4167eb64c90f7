"""The verbs `prove` and `check`: the settings, the run over files, its folder, its report, what the user sees."""
