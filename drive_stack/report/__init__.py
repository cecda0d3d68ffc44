"""The report of an evaluation as one self-contained page."""
