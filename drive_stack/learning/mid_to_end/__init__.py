"""Training of the network from tracks and lanes to controls."""
