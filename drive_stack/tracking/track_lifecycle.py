"""An object under observation: its motion, its looks, and how long it has been seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.geometry import wrap_angle
from drive_stack.tracking.classes import CLASS_MODELS, ClassModel, same_kind
from drive_stack.tracking.ego_motion import EgoStep
from drive_stack.tracking.multiple_model_filter import Bank
from drive_stack.types import LiftedObject, ObjectClass, Track

HEADING_SPEED = 2.0  # from which the velocity says where a vehicle points [m/s]
HEADING_SPREAD = 0.15  # if its direction is known so well [rad]
STRAIGHTENING = 0.9  # of a heading that nothing confirms, with each image: the road's is about the ego's
STILL, KNOWN = 1.0, 10  # slower is standing [m/s]; sightings from which that is known
FADING = 0.93  # of the confidence with each image in which it is not found
OTHER_CLASS = 1.3  # times the votes of its class that make another class its own
LEARNING = 0.3  # of confidence and width with each in which it is


@dataclass(frozen=True, slots=True)
class Sighting:
    """Bounds on a target's life."""

    hits: int = 3  # sightings until it counts
    sure_hits: int = 2  # if they are confident
    sure: float = 0.6  # what that means
    misses: int = 2  # in a row that end a target which does not count yet
    coast: float = 1.5  # how long one that counts is carried on unseen, but no longer than it was seen [s]
    least_coast: float = 0.3  # and however shortly it was seen [s]
    beside: float = 15.0  # how long one is remembered that stood and left the image by its side [s]
    behind: float = -8.0  # then until it is so far back [m]


class Target:
    """One object from its first sighting on."""

    def __init__(self, seen: LiftedObject, ego_speed: float) -> None:
        self._votes = dict.fromkeys(ObjectClass, 0.0)
        self._votes[seen.label] = seen.confidence
        self._label = seen.label
        self.motion = Bank(seen, ego_speed, self.model)
        self.box, self._at_side = seen.detection.box, seen.truncated_at_side
        self._width, self._confidence = seen.width, seen.confidence
        self._heading = 0.0  # the road's direction is about the ego's
        self._age, self._hits, self.missed = 0, 1, 0
        self.id: int | None = None  # given once it counts

    @property
    def label(self) -> ObjectClass:
        """The class it was most often taken for."""
        return self._label

    @property
    def model(self) -> ClassModel:
        """What is assumed of its class."""
        return CLASS_MODELS[self.label]

    def may_be(self, seen: LiftedObject) -> bool:
        """Whether its class agrees with a sighting's."""
        return same_kind(self.label, seen.label)

    def predict(self, step: EgoStep, dt: float) -> None:
        """Carry it on to the present image."""
        if self.missed and self._stands_beside():
            self.motion.stop()
        self.motion.predict(step, dt, self.model)
        self._heading = wrap_angle(self._heading - step.turn)
        self._age += 1
        self.missed += 1

    def see(self, seen: LiftedObject, ego_speed: float) -> None:
        """It was found in the present image, by an ego at ``ego_speed`` [m/s]."""
        self._votes = {label: 0.9 * votes for label, votes in self._votes.items()}
        self._votes[seen.label] += seen.confidence
        if self._votes[seen.label] > OTHER_CLASS * self._votes[self._label]:
            # what was thought of its size, and so of its place, was another class's
            self._label = seen.label
            self.motion = Bank(seen, ego_speed, self.model)
        else:
            self.motion.update(seen)
        self._width += LEARNING * (seen.width - self._width)
        self._confidence += LEARNING * (seen.confidence - self._confidence)
        self.box, self._at_side = seen.detection.box, seen.truncated_at_side
        self._hits += 1
        self.missed = 0

    def settle(self) -> None:
        """After the image: let the velocity say where it points; fade while it is hidden.

        What hardly moves, or seems to move backwards, points along the road: the velocity of a standing
        vehicle is noise, and a false heading would put its middle into another lane.
        """
        if self.missed:
            self._confidence *= FADING
        vx, vy = self.motion.mean[2:4]
        speed, spread = float(np.hypot(vx, vy)), float(np.sqrt(self.motion.covariance[3, 3]))
        if vx > 0.0 and speed > HEADING_SPEED and spread < HEADING_SPREAD * speed:
            self._heading = float(np.arctan2(vy, vx))
        else:
            self._heading *= STRAIGHTENING

    def counts(self, bounds: Sighting) -> bool:
        """Whether it has been seen often enough."""
        enough = bounds.sure_hits if self._confidence >= bounds.sure else bounds.hits
        return self.id is not None or self._hits >= enough

    def over(self, bounds: Sighting, dt: float) -> bool:
        """Whether it has been missing for too long."""
        if self.id is None:
            return self.missed >= bounds.misses
        if self._stands_beside():
            return self.missed * dt > bounds.beside or float(self.motion.mean[0]) < bounds.behind
        return self.missed * dt > min(bounds.coast, max(self._hits * dt, bounds.least_coast))

    def _stands_beside(self) -> bool:
        """Whether it is not seen because we drew up to it, out of the camera's view, while it stood."""
        return self._at_side and self._hits >= KNOWN and float(np.hypot(*self.motion.mean[2:4])) < STILL

    def track(self) -> Track:
        """As a record, with the object's centre; it must have its id."""
        assert self.id is not None
        model, mean = self.model, self.motion.mean
        person = self.label is ObjectClass.PEDESTRIAN
        heading = float(np.arctan2(mean[3], mean[2])) if person else self._heading
        ahead = 0.0 if person else model.length / 2.0
        narrow, wide = (0.5, 4.0) if self.label is ObjectClass.OBSTACLE else (0.85, 1.15)  # of the usual
        seen_width = float(np.clip(self._width, narrow * model.width, wide * model.width))
        return Track(
            id=self.id,
            label=self.label,
            position=mean[:2] + ahead * np.array([np.cos(heading), np.sin(heading)]),
            velocity=mean[2:4].copy(),
            covariance=self.motion.covariance[:4, :4].copy(),
            heading=heading,
            length=model.length,
            width=model.width if person else seen_width,
            age=self._age,
            missed=self.missed,
            confidence=self._confidence,
            box=self.box,
        )
