"""The command line, run folders and reports: where all rooms come together."""
