"""What policies of reinforcement learning observe and command: the observation vector and meta-actions.

The environment and the agent that drives with trained weights use the same code.
"""
