"""Golden traces: recorded inputs and outputs of each stage, which reveal every change of behaviour."""
