"""Floor 5, what the command line runs: comparisons, tables, plots."""
