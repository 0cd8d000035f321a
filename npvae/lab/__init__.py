"""Floor 5, experiments: the three solvers compared, the uses of an autoencoder, claims measured, benchmarks, plots."""
