"""Running exported networks: checked weights, fixed threads, the same numbers every time."""
