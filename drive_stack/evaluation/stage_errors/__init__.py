"""The errors of each stage of a driver against the truth, measured while it drives."""
