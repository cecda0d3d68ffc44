"""Tracking of many objects with Kalman filters and the Hungarian method."""

from __future__ import annotations

from drive_stack.tracking.association import associate
from drive_stack.tracking.ego_motion import Odometer
from drive_stack.tracking.measurement import measurement_of
from drive_stack.tracking.track_lifecycle import Target, TrackLifecycle
from drive_stack.types import LiftedObject, Track


class KalmanTracker:
    """A `Tracker`: predict → associate → update → confirm → delete."""

    def __init__(self, dt: float, lifecycle: TrackLifecycle | None = None) -> None:
        """``dt`` is the time between two images [s]."""
        self._dt, self._lifecycle = dt, lifecycle or TrackLifecycle()
        self._odometer = Odometer(dt)
        self.reset()

    def reset(self) -> None:
        """Discard all tracks; ids start again at 1."""
        self._targets: list[Target] = []
        self._next_id = 1
        self._odometer.reset()

    def update(self, objects: tuple[LiftedObject, ...], speed: float, yaw_rate: float) -> tuple[Track, ...]:
        """Update with the objects of the present image; ``speed`` and ``yaw_rate`` are the ego's.

        Returns the confirmed tracks.
        """
        step = self._odometer.step(speed, yaw_rate)
        for target in self._targets:
            target.predict(step, self._dt)
        measurements = [measurement_of(detected) for detected in objects]
        pairs, unassigned = associate(self._targets, objects, measurements)
        for row, column in pairs:
            self._targets[row].update(objects[column], measurements[column], speed)
        self._targets += [Target(objects[column], measurements[column], speed) for column in unassigned]
        for target in self._targets:
            target.finish_step()
            if target.id is None and target.is_confirmed(self._lifecycle):
                target.id, self._next_id = self._next_id, self._next_id + 1
        self._targets = [
            target for target in self._targets if not target.is_expired(self._lifecycle, self._dt)
        ]
        return tuple(target.track() for target in self._targets if target.id is not None)
