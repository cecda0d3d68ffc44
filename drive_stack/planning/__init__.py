"""Planning of the behaviour and the trajectory."""
