"""The simulated world: roads, traffic, pedestrians, the camera and the gymnasium environment.

Importing this package registers the environment ``drive_stack/Highway-v0``.
"""

import drive_stack.gym  # noqa: F401 - registers the environment
