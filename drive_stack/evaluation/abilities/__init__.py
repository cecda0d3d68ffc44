"""The abilities by which results are grouped."""
