"""The simulated world: roads, traffic, pedestrians, the camera and the gymnasium environment.

Importing this package registers the environment ``drive_stack/Highway-v0``.
"""

from gymnasium.envs.registration import register

register(id="drive_stack/Highway-v0", entry_point=f"{__name__}.highway:HighwayEnv")
