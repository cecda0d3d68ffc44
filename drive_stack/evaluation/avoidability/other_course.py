"""Where the other road user is at any time: on its record, and beyond it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.evaluation.avoidability.encounter import Course
from drive_stack.evaluation.on_road import MovingBoxes
from drive_stack.types import FloatArray

SIDEWAYS = 0.05  # slower than this across the road is keeping a lane [m/s]


@dataclass(frozen=True, slots=True)
class OtherCourse:
    """A recorded course that goes on.

    A vehicle that brakes at the end of its record goes on braking as hard until it stands. One that moves
    sideways goes on to the centre of the next lane on that side, and straight on from there. People and
    things go straight on as they are.
    """

    time: FloatArray  # (T,) [s]
    course: Course
    lanes: FloatArray  # laterals of the lanes' centres [m]

    def at(self, times: FloatArray) -> MovingBoxes:
        """Its box at each of ``times``, one row each."""
        course, late = self.course, np.maximum(times - self.time[-1], 0.0)
        along, across = course.velocity[-1].tolist()
        station = np.interp(times, self.time, course.centre[:, 0])
        lateral = np.interp(times, self.time, course.centre[:, 1])
        heading = np.interp(times, self.time, course.heading)
        driven = self._driven(late)
        drift = across * (driven / abs(along) if self._braking > 0.0 else late)
        reach = self._sideways_reach()
        straightened = (np.abs(drift) >= abs(reach)) & (late > 0.0)
        return MovingBoxes(
            centre=np.stack(
                [station + np.sign(along) * driven, lateral + np.where(straightened, reach, drift)], axis=1
            ),
            heading=np.where(straightened, np.round(heading / np.pi) * np.pi, heading),
            velocity=np.zeros((len(times), 2)),
            length=np.full(len(times), course.length),
            width=np.full(len(times), course.width),
        )

    @property
    def _braking(self) -> float:
        """How hard it brakes at the end of its record, along the road; 0 where it does not [m/s²]."""
        if len(self.time) < 2 or not self.course.is_vehicle:
            return 0.0
        before, last = self.course.velocity[-2:, 0].tolist()
        slower = (abs(before) - abs(last)) / float(self.time[-1] - self.time[-2])
        return slower if slower > 0.0 and last != 0.0 else 0.0

    def _driven(self, late: FloatArray) -> FloatArray:
        """Along the road since the record ended [m], ≥ 0."""
        speed, braking = abs(float(self.course.velocity[-1, 0])), self._braking
        if braking == 0.0:
            return speed * late
        moving = np.minimum(late, speed / braking)
        return speed * moving - braking * moving * moving / 2.0

    def _sideways_reach(self) -> float:
        """How far the end of the record leaves to go to the left [m]; inf where no lane ends the motion."""
        lateral, across = float(self.course.centre[-1, 1]), float(self.course.velocity[-1, 1])
        if not self.course.is_vehicle or len(self.lanes) == 0:
            return float("inf")
        if abs(across) < SIDEWAYS:
            return 0.0
        ahead = (self.lanes - lateral) * np.sign(across)
        onward = ahead[ahead >= 0.0]
        return float(np.sign(across) * onward.min()) if len(onward) else 0.0
