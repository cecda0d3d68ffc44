"""Speed of the simulator and its parts, next to what they are built from."""
