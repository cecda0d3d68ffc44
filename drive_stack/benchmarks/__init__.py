"""How fast the simulator is, beside what it is built from."""
