"""One drive scored as the field's benchmarks score it; a file for each family."""
