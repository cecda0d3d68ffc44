"""The end-to-end policy at work: from the observation to the controls by one network."""
