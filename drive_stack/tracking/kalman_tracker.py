"""Many objects followed over time: Kalman filters and the Hungarian method."""

from __future__ import annotations

from drive_stack.tracking.association import associate
from drive_stack.tracking.ego_motion import Odometer
from drive_stack.tracking.track_lifecycle import Sighting, Target
from drive_stack.types import LiftedObject, Track


class KalmanTracker:
    """A `Tracker`: predict → associate → update → begin → end."""

    def __init__(self, dt: float, bounds: Sighting | None = None) -> None:
        """``dt`` [s] lies between two images."""
        self._dt, self._bounds = dt, bounds or Sighting()
        self._odometer = Odometer(dt)
        self.reset()

    def reset(self) -> None:
        """Forget all objects; ids begin at 1 again."""
        self._targets: list[Target] = []
        self._next_id = 1
        self._odometer.reset()

    def update(self, objects: tuple[LiftedObject, ...], speed: float, yaw_rate: float) -> tuple[Track, ...]:
        """The tracks that count, after the present image; ``speed`` and ``yaw_rate`` are the ego's."""
        step = self._odometer.step(speed, yaw_rate)
        for target in self._targets:
            target.predict(step, self._dt)
        pairs, fresh = associate(self._targets, objects)
        for row, column in pairs:
            self._targets[row].see(objects[column], speed)
        self._targets += [Target(objects[column], speed) for column in fresh]
        for target in self._targets:
            target.settle()
            if target.id is None and target.counts(self._bounds):
                target.id, self._next_id = self._next_id, self._next_id + 1
        self._targets = [t for t in self._targets if not t.over(self._bounds, self._dt)]
        return tuple(target.track() for target in self._targets if target.id is not None)
