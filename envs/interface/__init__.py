"""What the gymnasium environment offers: observations, actions and the reward."""
