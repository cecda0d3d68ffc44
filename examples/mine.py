"""A driver in Python: it keeps the wheels straight and drives at the limit, at most 90 km/h."""

from drive_stack.types import Control


class Mine:
    """Steers straight; use ``observation.image`` in your own driver."""

    name, privileged, uses_camera, trace = "mine", False, True, None

    def __init__(self, platform):
        self.car = platform.car

    def reset(self, seed):
        """Begin an episode; a driver with a memory forgets it here."""

    def act(self, observation):
        """Return steering [rad] and acceleration [m/s²]."""
        target_speed = min(25.0, observation.speed_limit)
        return Control(steering=0.0, acceleration=0.5 * (target_speed - observation.speed))
