"""Training, export and validation of the lane network."""
