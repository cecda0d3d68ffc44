"""Benchmarks: speed, and lateral controllers on reference paths."""
