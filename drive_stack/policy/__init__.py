"""Inference of the end-to-end policy: from the observation to the controls with one network."""
