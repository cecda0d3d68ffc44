"""Controllers that compute steering angle and acceleration from a plan."""
