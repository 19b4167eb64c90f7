"""The verbs `train`, `evaluate` and `problems`: models are made, compared, and given statements of benchmarks."""
