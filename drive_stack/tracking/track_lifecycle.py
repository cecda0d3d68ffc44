"""One tracked object: its motion, its class and size, and the rules for its confirmation and deletion."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from drive_stack.geometry import wrap_angle
from drive_stack.objects.classes import GROUPS, ClassGroup
from drive_stack.tracking.classes import CLASS_MODELS, ClassModel, same_group
from drive_stack.tracking.ego_motion import EgoStep
from drive_stack.tracking.kernels import Measurement
from drive_stack.tracking.multiple_model_filter import MultipleModelFilter
from drive_stack.types import LiftedObject, ObjectClass, Track

MIN_HEADING_SPEED = 2.0  # from which the heading follows the velocity [m/s]
MAX_HEADING_SIGMA = 0.15  # of the direction of the velocity, for that [rad]
HEADING_DECAY = 0.9  # of an unconfirmed heading in each step: the road runs about in the ego's direction
STATIONARY_SPEED = 1.0  # a slower object is stationary [m/s]
MIN_STATIONARY_HITS = 10  # hits from which a speed that low is reliable
CONFIDENCE_DECAY = 0.93  # in each step without a hit
CLASS_CHANGE_RATIO = 1.3  # of the votes of another class to those of the present one, for a change
LEARNING_RATE = 0.3  # of confidence and width, for each hit


@dataclass(frozen=True, slots=True)
class TrackLifecycle:
    """When a target is confirmed and when it is deleted. A hit is a step in which an object is matched."""

    hits: int = 3  # for a confirmation
    confident_hits: int = 2  # for the confirmation of a confident target
    min_confidence: float = 0.6  # of a confident target
    max_misses: int = 2  # consecutive steps without a hit that delete an unconfirmed target
    max_coast: float = 1.5  # time without a hit that deletes a confirmed target, at most that of its hits [s]
    min_coast: float = 0.3  # lower limit of that time [s]
    max_coast_at_side: float = 15.0  # of a stationary target that left the image at its side [s]
    max_distance_behind: float = -8.0  # x at which such a target is deleted [m]


class Target:
    """One object from its first detection on."""

    def __init__(self, detected: LiftedObject, measurement: Measurement, ego_speed: float) -> None:
        self._votes = {detected.label: detected.confidence}  # of the classes that were ever detected
        self._label = detected.label
        self.motion = MultipleModelFilter(measurement, ego_speed, self.model)
        self.box, self._truncated_at_side = detected.detection.box, detected.truncated_at_side
        self._width, self._confidence = detected.width, detected.confidence
        self._heading = 0.0  # the road runs about in the ego's direction
        self._age, self._hits, self.missed = 0, 1, 0
        self.id: int | None = None  # set at the confirmation

    @property
    def label(self) -> ObjectClass:
        """The class with the most votes of the detections."""
        return self._label

    @property
    def model(self) -> ClassModel:
        """Motion model and typical size of the class."""
        return CLASS_MODELS[self.label]

    def is_compatible(self, detected: LiftedObject) -> bool:
        """Whether the detector may confuse the classes of the target and the object."""
        return same_group(self.label, detected.label)

    def predict(self, step: EgoStep, dt: float) -> None:
        """Propagate the target by ``dt`` [s] to the present image."""
        if self.missed and self._is_stationary_at_side():
            self.motion.stop()
        self.motion.predict(step, dt, self.model)
        self._heading = wrap_angle(self._heading - step.turn)
        self._age += 1
        self.missed += 1

    def update(self, detected: LiftedObject, measurement: Measurement, ego_speed: float) -> None:
        """Update the target with the object matched in the present image; ``ego_speed`` is in m/s."""
        self._votes = {label: 0.9 * votes for label, votes in self._votes.items()}
        self._votes[detected.label] = self._votes.get(detected.label, 0.0) + detected.confidence
        if self._votes[detected.label] > CLASS_CHANGE_RATIO * self._votes[self._label]:
            # the estimates of size and position assumed the former class
            self._label = detected.label
            self.motion = MultipleModelFilter(measurement, ego_speed, self.model)
        else:
            self.motion.update(measurement)
        self._width += LEARNING_RATE * (detected.width - self._width)
        self._confidence += LEARNING_RATE * (detected.confidence - self._confidence)
        self.box, self._truncated_at_side = detected.detection.box, detected.truncated_at_side
        self._hits += 1
        self.missed = 0

    def finish_step(self) -> None:
        """After the matching: update the heading from the velocity, and decrease the confidence after a miss.

        An object that hardly moves, or seems to move backwards, gets the direction of the road. The velocity
        of a stationary vehicle is noise, and a wrong heading would put its centre into another lane.
        """
        if self.missed:
            self._confidence *= CONFIDENCE_DECAY
        vx, vy = self.motion.mean[2:4].tolist()
        speed, sigma = math.hypot(vx, vy), math.sqrt(self.motion.covariance[3, 3])
        if vx > 0.0 and speed > MIN_HEADING_SPEED and sigma < MAX_HEADING_SIGMA * speed:
            self._heading = math.atan2(vy, vx)
        else:
            self._heading *= HEADING_DECAY

    def is_confirmed(self, lifecycle: TrackLifecycle) -> bool:
        """Whether the target has enough hits."""
        confident = self._confidence >= lifecycle.min_confidence
        needed = lifecycle.confident_hits if confident else lifecycle.hits
        return self.id is not None or self._hits >= needed

    def is_expired(self, lifecycle: TrackLifecycle, dt: float) -> bool:
        """Whether the target has been missed for too long."""
        if self.id is None:
            return self.missed >= lifecycle.max_misses
        time_missed = self.missed * dt
        if self._is_stationary_at_side():
            behind = float(self.motion.mean[0]) < lifecycle.max_distance_behind
            return time_missed > lifecycle.max_coast_at_side or behind
        return time_missed > min(lifecycle.max_coast, max(self._hits * dt, lifecycle.min_coast))

    def _is_stationary_at_side(self) -> bool:
        """Whether the target is stationary and left the view of the camera as the ego drew level with it."""
        if not self._truncated_at_side or self._hits < MIN_STATIONARY_HITS:
            return False
        return math.hypot(*self.motion.mean[2:4].tolist()) < STATIONARY_SPEED

    def track(self) -> Track:
        """The record of a confirmed target, with the position of the object's centre."""
        assert self.id is not None
        model, mean = self.model, self.motion.mean
        x, y, vx, vy, _ = mean.tolist()
        pedestrian = GROUPS[self.label] is ClassGroup.PEDESTRIANS
        heading = math.atan2(vy, vx) if pedestrian else self._heading
        centre_offset = 0.0 if pedestrian else model.length / 2.0
        # allowed range of the width, relative to the typical one
        low, high = (0.5, 4.0) if GROUPS[self.label] is ClassGroup.OBSTACLES else (0.85, 1.15)
        measured_width = min(max(self._width, low * model.width), high * model.width)
        return Track(
            id=self.id,
            label=self.label,
            position=np.array([x + centre_offset * math.cos(heading), y + centre_offset * math.sin(heading)]),
            velocity=mean[2:4].copy(),
            covariance=self.motion.covariance[:4, :4].copy(),
            heading=heading,
            length=model.length,
            width=model.width if pedestrian else measured_width,
            age=self._age,
            missed=self.missed,
            confidence=self._confidence,
            box=self.box,
        )
