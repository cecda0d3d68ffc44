"""The position of the other road user at any time: on its record, and extrapolated beyond it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.evaluation.avoidability.encounter import Trajectory
from drive_stack.evaluation.road_scene import MovingBoxes
from drive_stack.types import FloatArray

LANE_CHANGE_SPEED = 0.05  # a vehicle that is laterally slower keeps its lane [m/s]


@dataclass(frozen=True, slots=True)
class ExtrapolatedTrajectory:
    """A recorded trajectory that continues beyond its end.

    A vehicle that brakes at the end of its record keeps this deceleration until it stands. A vehicle that
    moves laterally continues to the centre of the next lane on that side and then keeps this lane.
    Pedestrians and obstacles keep their velocity.
    """

    time: FloatArray  # (T,) [s]
    trajectory: Trajectory
    lanes: FloatArray  # (L,) laterals of the lane centres [m]

    def at(self, times: FloatArray) -> MovingBoxes:
        """The box at each of ``times`` (T,) [s], one row each."""
        trajectory, late = self.trajectory, np.maximum(times - self.time[-1], 0.0)
        longitudinal, lateral_speed = trajectory.velocity[-1].tolist()
        station = np.interp(times, self.time, trajectory.centre[:, 0])
        lateral = np.interp(times, self.time, trajectory.centre[:, 1])
        heading = np.interp(times, self.time, trajectory.heading)
        driven = self._driven(late)
        drift = lateral_speed * (driven / abs(longitudinal) if self._braking > 0.0 else late)
        max_drift = self._max_drift()
        straightened = (np.abs(drift) >= abs(max_drift)) & (late > 0.0)
        return MovingBoxes(
            centre=np.stack(
                [
                    station + np.sign(longitudinal) * driven,
                    lateral + np.where(straightened, max_drift, drift),
                ],
                axis=1,
            ),
            heading=np.where(straightened, np.round(heading / np.pi) * np.pi, heading),
            velocity=np.zeros((len(times), 2)),
            length=np.full(len(times), trajectory.length),
            width=np.full(len(times), trajectory.width),
        )

    @property
    def _braking(self) -> float:
        """Longitudinal deceleration at the end of the record, 0 where it does not brake [m/s²]."""
        if len(self.time) < 2 or not self.trajectory.is_vehicle:
            return 0.0
        before, last = self.trajectory.velocity[-2:, 0].tolist()
        deceleration = (abs(before) - abs(last)) / float(self.time[-1] - self.time[-2])
        return deceleration if deceleration > 0.0 and last != 0.0 else 0.0

    def _driven(self, late: FloatArray) -> FloatArray:
        """Longitudinal distance driven ``late`` (T,) [s] after the end of the record: (T,) [m], ≥ 0."""
        speed, braking = abs(float(self.trajectory.velocity[-1, 0])), self._braking
        if braking == 0.0:
            return speed * late
        moving = np.minimum(late, speed / braking)
        return speed * moving - braking * moving * moving / 2.0

    def _max_drift(self) -> float:
        """Lateral distance from the end of the record to the target lane [m]; inf without a target lane."""
        lateral, speed = float(self.trajectory.centre[-1, 1]), float(self.trajectory.velocity[-1, 1])
        if not self.trajectory.is_vehicle or len(self.lanes) == 0:
            return float("inf")
        if abs(speed) < LANE_CHANGE_SPEED:
            return 0.0
        ahead = (self.lanes - lateral) * np.sign(speed)
        onward = ahead[ahead >= 0.0]
        return float(np.sign(speed) * onward.min()) if len(onward) else 0.0
