"""Data to learn from: labelled camera frames and recorded drives."""
