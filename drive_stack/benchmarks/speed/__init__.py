"""Speed of the simulator and its parts, compared with the libraries they build on."""
