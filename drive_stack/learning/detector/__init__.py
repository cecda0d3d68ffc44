"""Training, export and validation of the object detector."""
