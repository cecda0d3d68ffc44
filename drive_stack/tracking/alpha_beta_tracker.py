"""The plain tracker for comparison: nearest neighbour and fixed gains (alpha-beta filter)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.tracking.classes import CLASS_MODELS, same_kind
from drive_stack.tracking.ego_motion import Odometer
from drive_stack.types import FloatArray, LiftedObject, ObjectClass, Track


@dataclass(frozen=True, slots=True)
class Gains:
    """Shares of a sighting's difference that are believed, and bounds."""

    alpha: float = 0.4
    beta: float = 0.1
    gate: float = 4.0  # farthest that an object is taken for the same [m]
    hits: int = 3
    misses: int = 8  # in a row


@dataclass
class _Follow:
    id: int
    seen: LiftedObject
    position: FloatArray
    velocity: FloatArray
    age: int = 0
    hits: int = 1
    missed: int = 0


class AlphaBetaTracker:
    """A `Tracker` without covariances: each track takes the nearest object of its kind."""

    def __init__(self, dt: float, gains: Gains | None = None) -> None:
        """``dt`` [s] lies between two images."""
        self._dt, self._gains = dt, gains or Gains()
        self._odometer = Odometer(dt)
        self.reset()

    def reset(self) -> None:
        """Forget all objects; ids begin at 1 again."""
        self._follows: list[_Follow] = []
        self._next_id = 1
        self._odometer.reset()

    def update(self, objects: tuple[LiftedObject, ...], speed: float, yaw_rate: float) -> tuple[Track, ...]:
        """The tracks after the present image; ``speed`` and ``yaw_rate`` are the ego's."""
        step = self._odometer.step(speed, yaw_rate)
        free = list(objects)
        for follow in sorted(self._follows, key=lambda one: -one.hits):
            follow.position = step.points(follow.position + self._dt * follow.velocity)
            follow.velocity = step.into_new @ follow.velocity
            follow.age, follow.missed = follow.age + 1, follow.missed + 1
            near = self._nearest(follow, free)
            if near is not None:
                free = [seen for seen in free if seen is not near]
                self._see(follow, near)
        for seen in free:
            share = CLASS_MODELS[seen.label].usual_speed_share
            velocity = np.array([share * speed, 0.0])
            self._follows.append(_Follow(self._next_id, seen, seen.position.copy(), velocity))
            self._next_id += 1
        self._follows = [one for one in self._follows if one.missed <= self._gains.misses]
        return tuple(_track(one) for one in self._follows if one.hits >= self._gains.hits)

    def _nearest(self, follow: _Follow, free: list[LiftedObject]) -> LiftedObject | None:
        alike = [seen for seen in free if same_kind(seen.label, follow.seen.label)]
        distances = [float(np.hypot(*(seen.position - follow.position))) for seen in alike]
        if not distances or min(distances) > self._gains.gate:
            return None
        return alike[int(np.argmin(distances))]

    def _see(self, follow: _Follow, seen: LiftedObject) -> None:
        difference = seen.position - follow.position
        follow.position = follow.position + self._gains.alpha * difference
        follow.velocity = follow.velocity + self._gains.beta / self._dt * difference
        follow.seen, follow.hits, follow.missed = seen, follow.hits + 1, 0


def _track(follow: _Follow) -> Track:
    model = CLASS_MODELS[follow.seen.label]
    person = follow.seen.label is ObjectClass.PEDESTRIAN
    moving = person or float(np.hypot(*follow.velocity)) > 2.0
    heading = float(np.arctan2(follow.velocity[1], follow.velocity[0])) if moving else 0.0
    ahead = 0.0 if person else model.length / 2.0
    covariance = np.zeros((4, 4))
    covariance[:2, :2], covariance[2:, 2:] = follow.seen.covariance, 4.0 * np.eye(2)
    return Track(
        id=follow.id,
        label=follow.seen.label,
        position=follow.position + ahead * np.array([np.cos(heading), np.sin(heading)]),
        velocity=follow.velocity.copy(),
        covariance=covariance,
        heading=heading,
        length=model.length,
        width=model.width,
        age=follow.age,
        missed=follow.missed,
        confidence=follow.seen.confidence,
        box=follow.seen.detection.box,
    )
