"""Worlds to drive in: roads, traffic, people, the camera and the gymnasium environment."""

from gymnasium.envs.registration import register

register(id="drive_stack/Highway-v0", entry_point="envs.highway:HighwayEnv")
