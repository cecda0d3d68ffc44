"""A simple tracker for comparison: nearest neighbour and fixed gains (alpha-beta filter)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.objects.classes import GROUPS, ClassGroup
from drive_stack.tracking.classes import CLASS_MODELS, same_group
from drive_stack.tracking.ego_motion import Odometer
from drive_stack.types import FloatArray, LiftedObject, Track


@dataclass(frozen=True, slots=True)
class Gains:
    """Gains of the filter, and thresholds."""

    alpha: float = 0.4  # of the position
    beta: float = 0.1  # of the velocity
    gate: float = 4.0  # maximum distance of an object to its track [m]
    hits: int = 3  # for a confirmation
    misses: int = 8  # consecutive ones after which a track is deleted


@dataclass
class _Target:
    id: int
    detected: LiftedObject
    position: FloatArray
    velocity: FloatArray
    age: int = 0
    hits: int = 1
    missed: int = 0


class AlphaBetaTracker:
    """A `Tracker` without covariances: each track takes the nearest object of a compatible class."""

    def __init__(self, dt: float, gains: Gains | None = None) -> None:
        """``dt`` is the time between two images [s]."""
        self._dt, self._gains = dt, gains or Gains()
        self._odometer = Odometer(dt)
        self.reset()

    def reset(self) -> None:
        """Discard all tracks; ids start again at 1."""
        self._targets: list[_Target] = []
        self._next_id = 1
        self._odometer.reset()

    def update(self, objects: tuple[LiftedObject, ...], speed: float, yaw_rate: float) -> tuple[Track, ...]:
        """Update with the objects of the present image; ``speed`` and ``yaw_rate`` are the ego's."""
        step = self._odometer.step(speed, yaw_rate)
        unassigned = list(objects)
        for target in sorted(self._targets, key=lambda target: -target.hits):
            target.position = step.points(target.position + self._dt * target.velocity)
            target.velocity = step.into_new @ target.velocity
            target.age, target.missed = target.age + 1, target.missed + 1
            nearest = self._nearest(target, unassigned)
            if nearest is not None:
                unassigned = [detected for detected in unassigned if detected is not nearest]
                self._update(target, nearest)
        for detected in unassigned:
            speed_fraction = CLASS_MODELS[detected.label].mean_speed_fraction
            velocity = np.array([speed_fraction * speed, 0.0])
            self._targets.append(_Target(self._next_id, detected, detected.position.copy(), velocity))
            self._next_id += 1
        self._targets = [target for target in self._targets if target.missed <= self._gains.misses]
        return tuple(_track(target) for target in self._targets if target.hits >= self._gains.hits)

    def _nearest(self, target: _Target, unassigned: list[LiftedObject]) -> LiftedObject | None:
        compatible = [
            detected for detected in unassigned if same_group(detected.label, target.detected.label)
        ]
        distances = [float(np.hypot(*(detected.position - target.position))) for detected in compatible]
        if not distances or min(distances) > self._gains.gate:
            return None
        return compatible[int(np.argmin(distances))]

    def _update(self, target: _Target, detected: LiftedObject) -> None:
        difference = detected.position - target.position
        target.position = target.position + self._gains.alpha * difference
        target.velocity = target.velocity + self._gains.beta / self._dt * difference
        target.detected, target.hits, target.missed = detected, target.hits + 1, 0


def _track(target: _Target) -> Track:
    model = CLASS_MODELS[target.detected.label]
    pedestrian = GROUPS[target.detected.label] is ClassGroup.PEDESTRIANS
    moving = pedestrian or float(np.hypot(*target.velocity)) > 2.0
    heading = float(np.arctan2(target.velocity[1], target.velocity[0])) if moving else 0.0
    centre_offset = 0.0 if pedestrian else model.length / 2.0
    covariance = np.zeros((4, 4))
    covariance[:2, :2], covariance[2:, 2:] = target.detected.covariance, 4.0 * np.eye(2)
    return Track(
        id=target.id,
        label=target.detected.label,
        position=target.position + centre_offset * np.array([np.cos(heading), np.sin(heading)]),
        velocity=target.velocity.copy(),
        covariance=covariance,
        heading=heading,
        length=model.length,
        width=model.width,
        age=target.age,
        missed=target.missed,
        confidence=target.detected.confidence,
        box=target.detected.detection.box,
    )
