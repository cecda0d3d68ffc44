"""Training of the network that reads affordances off the camera image."""
