"""Lane estimation from the camera image: a network for each image, then a filter over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from drive_stack.camera_model import CameraModel
from drive_stack.perception.ground_shape import (
    BodyPitch,
    GroundView,
    estimate_ground,
    ground_surface,
    true_distances,
)
from drive_stack.perception.lanes_filter import ShapeFilter
from drive_stack.perception.lanes_ground import GroundGrid
from drive_stack.perception.lanes_memory import CrossableLines, LaneEnds, LogOddsFilter
from drive_stack.perception.lanes_network import END_RANGE, PITCH_STEP, LaneMeasurement
from drive_stack.perception.lanes_shape import (
    CURVATURES,
    HEADING,
    LEFT_WIDTH,
    OFFSET,
    PITCH,
    RIGHT_WIDTH,
    STATIONS,
    VERTICAL,
    WIDTH,
    boundaries,
    lane_path,
    lateral_sigma,
)
from drive_stack.types import AdjacentLane, FloatArray, GroundEstimate, Image, LaneEstimate

MAX_VIEW_STEPS = 40  # of the view's pitch, 4°


class LaneSensor(Protocol):
    """Measures lanes in one image."""

    @property
    def grid(self) -> GroundGrid:
        """The ground grid of the measurements."""
        ...

    def measure(self, image: Image, pitch_steps: int = 0) -> LaneMeasurement:
        """Measure the lanes in ``image`` (H, W, 3), as a camera pitched by ``pitch_steps`` sees them."""
        ...


@dataclass(frozen=True, slots=True)
class LaneTuning:
    """Thresholds and gains of the lane estimation."""

    lane_shift_fraction: float = 0.6  # of the width: distance from which the network counts another lane
    lane_change_overlap: float = 0.08  # beyond the line, from which the ego lane changes [m]
    min_agreement: float = 0.4  # fraction of agreeing measurements below which an image disagrees
    max_disagreements: int = 4  # consecutive disagreeing images until the filter restarts
    max_path_sigma: float = 0.9  # lateral standard deviation up to which the path is returned [m]
    path_range: tuple[float, float] = (30.0, 120.0)  # minimum and maximum length of the path ahead [m]
    known_curvature_range: float = 40.0  # without images, curvatures farther ahead are not used [m]
    confidence_distance: float = 20.0  # ahead, at which the confidence is computed [m]
    confidence_sigma: float = 0.45  # lateral standard deviation at which the confidence is 1/e [m]
    visibility_gain: float = 0.25  # of one image in the moving average of the visibility
    view_gain: float = 0.05  # of one image in the mean pitch that the view follows
    view_tolerance: float = 0.0035  # difference of the view's pitch from the mean that moves the view [rad]
    view_attempts: int = 3  # until the first view has the camera's pitch
    visibility_exponent: float = 4.0  # fitted on blurred images: confidence ≈ fraction of accurate offsets


class FilteredLanes:
    """A `LaneDetector` that filters the measurements of a `LaneSensor` over time.

    With ``estimates_ground``, the pitch of the camera and the vertical curvature of the road are estimated
    from the apparent spacing of the lines; without, the road is taken for level. The view of the sensor then
    follows the mean pitch: a network measures best in views such as those of its training.
    """

    def __init__(
        self,
        sensor: LaneSensor,
        dt: float,
        tuning: LaneTuning | None = None,
        *,
        camera: CameraModel | None = None,
        estimates_ground: bool = False,
    ) -> None:
        self._sensor, self._dt = sensor, dt
        self._tuning = tuning or LaneTuning()
        self._view, self._estimates_ground = GroundView.of(camera or CameraModel()), estimates_ground
        self._anchors = sensor.grid.anchors
        self.reset()

    def reset(self) -> None:
        """Discard the state of the previous episode."""
        self._filter = ShapeFilter(self._view, estimates_ground=self._estimates_ground)
        self._adjacent_exists, self._crossable, self._ends = (
            LogOddsFilter(2),
            CrossableLines(),
            LaneEnds(END_RANGE),
        )
        self._started, self._disagreements, self._agreement, self._visibility = False, 0, 0.0, 0.0
        self._body_pitch = BodyPitch(self._dt)
        self._view_steps, self._mean_pitch = 0, 0.0  # pitch of the view, and of the camera [rad]
        self._had_image = False  # whether the last step had an image
        self._network_lane = 0  # offset of the network's ego lane from the filter's, in lanes to the left

    def estimate(self, image: Image | None, speed: float, yaw_rate: float) -> LaneEstimate:
        """Estimate the lanes; ``speed`` [m/s] and ``yaw_rate`` [rad/s] are those since the last step.

        Without an image the last estimate is propagated by the motion of the ego.
        """
        if self._started:
            self._filter.predict(speed * self._dt, yaw_rate * self._dt, self._body_pitch.step(speed))
            self._crossable.predict(speed * self._dt)
            self._ends.predict(speed * self._dt)
        if image is not None:
            self._update(image)
        elif self._had_image:
            self._filter.extend_curvature(self._tuning.known_curvature_range)
        self._had_image = image is not None
        self._follow_lane_change()
        return self._estimate()

    def _update(self, image: Image) -> None:
        if not self._started:
            self._find_view(image)
        measurement = self._sensor.measure(image, self._view_steps)
        shift = self._network_lane = self._shift(measurement.y)
        y, sigma = _shifted(measurement.y, shift, np.nan), _shifted(measurement.sigma, shift, 1.0)
        update = self._filter.update if self._started else self._filter.start
        agreement = update(self._anchors, y, sigma)
        detected, was_started = bool(np.isfinite(y).any()), self._started
        self._started |= detected
        self._agreement += 0.4 * (agreement - self._agreement)
        gain = self._tuning.visibility_gain if was_started else 1.0
        self._visibility += gain * (measurement.visibility - self._visibility)
        disagrees = detected and agreement < self._tuning.min_agreement
        self._disagreements = self._disagreements + 1 if disagrees else 0
        if self._disagreements >= self._tuning.max_disagreements:
            self._disagreements = 0
            self._filter.reset()
            self._filter.start(self._anchors, measurement.y, measurement.sigma)
        if shift == 0 and detected:
            distances = self._distances_of_anchors()
            self._adjacent_exists.update(measurement.adjacent)
            self._crossable.update(measurement.crossable, distances)
            self._ends.update(measurement.ends, distances)
        if detected:  # last, as the anchors above are those of the view that was measured in
            self._follow_pitch(1.0 if not was_started else self._tuning.view_gain)

    def _find_view(self, image: Image) -> None:
        """Choose the first view: measure, estimate the pitch, and measure again in a view of that pitch."""
        for _ in range(self._tuning.view_attempts if self._estimates_ground else 0):
            measurement, steps = self._sensor.measure(image, self._view_steps), self._view_steps
            if not np.isfinite(measurement.y).any():
                return
            self._filter.reset()
            self._filter.start(self._anchors, measurement.y, measurement.sigma)
            self._follow_pitch(1.0)
            self._filter.reset()
            if self._view_steps == steps:
                return

    def _follow_pitch(self, gain: float) -> None:
        """Update the mean pitch, and let the view follow it in steps."""
        if not self._estimates_ground:
            return
        view_pitch = self._view_steps * PITCH_STEP
        self._mean_pitch += gain * (float(self._filter.mean[PITCH]) + view_pitch - self._mean_pitch)
        if abs(self._mean_pitch - view_pitch) > self._tuning.view_tolerance:
            self._view_steps = int(
                np.clip(round(self._mean_pitch / PITCH_STEP), -MAX_VIEW_STEPS, MAX_VIEW_STEPS)
            )
            self._filter.mean[PITCH] += view_pitch - self._view_steps * PITCH_STEP

    def _shift(self, y: FloatArray) -> int:
        """+1 where the network's ego lane is left of the filter's, −1 where it is right of it, else 0."""
        if not self._started:
            return 0
        both = np.isfinite(y[1]) & np.isfinite(y[2])
        if not both.any():
            return 0
        near = np.flatnonzero(both)[:12]
        expected = boundaries(self._filter.mean[None], self._anchors[near], self._view)[0]
        distance = float(np.median((y[1] + y[2])[near] - (expected[1] + expected[2]))) / 2.0
        limit = self._tuning.lane_shift_fraction * float(self._filter.mean[WIDTH])
        return int(distance > limit) - int(distance < -limit)

    def _follow_lane_change(self) -> None:
        """Make the adjacent lane the ego lane once the ego is beyond the line."""
        beyond_line = abs(float(self._filter.mean[OFFSET])) - 0.5 * float(self._filter.mean[WIDTH])
        if beyond_line <= self._tuning.lane_change_overlap:
            return
        side = 1 if self._filter.mean[OFFSET] > 0.0 else -1
        if self._network_lane != side and not self._adjacent_exists.likely[0 if side > 0 else 1]:
            return  # beyond the edge of the road there is no lane
        self._filter.change_lane(side)
        left_to_right: tuple[int | None, int | None] = (None, 0) if side > 0 else (1, None)
        self._adjacent_exists.reassign(left_to_right, 0.0)
        was_left = np.array([0.5, 0.5])
        was_left[1 if side > 0 else 0] = 0.95  # the former ego lane exists
        self._adjacent_exists.update(was_left)
        self._crossable.change_lane(side)
        self._ends.change_lane(side)

    def _estimate(self) -> LaneEstimate:
        mean, tuning = self._filter.mean, self._tuning
        sigma_ahead = lateral_sigma(self._filter.covariance)
        known = STATIONS[(sigma_ahead < tuning.max_path_sigma) & (STATIONS >= 0.0)]
        range_ahead = float(np.clip(known.max(initial=0.0), *tuning.path_range))
        left_ends, ends, right_ends = self._ends.distances()
        return LaneEstimate(
            offset=float(mean[OFFSET]),
            heading=float(mean[HEADING]),
            curvature=float(mean[CURVATURES][0]),
            width=float(mean[WIDTH]),
            path=lane_path(mean, range_ahead),
            left=self._adjacent(0, float(mean[LEFT_WIDTH]), left_ends),
            right=self._adjacent(1, float(mean[RIGHT_WIDTH]), right_ends),
            confidence=self._confidence(sigma_ahead),
            ends_in=max(ends, 0.0),
            ground=self._ground(),
        )

    def _distances_of_anchors(self) -> FloatArray:
        """True distances (R,) [m] of the ground that appears at the anchors of the view."""
        if not self._estimates_ground:
            return self._anchors
        mean = self._filter.mean
        return true_distances(self._anchors, ground_surface(float(mean[PITCH]), mean[VERTICAL], self._view))

    def _ground(self) -> GroundEstimate | None:
        """The estimated ground as it appears to the camera; None where the road is taken for level."""
        if not self._estimates_ground:
            return None
        mean, covariance = self._filter.mean, self._filter.covariance
        pitch = float(mean[PITCH]) + self._view_steps * PITCH_STEP
        return estimate_ground(pitch, mean[VERTICAL], covariance[PITCH:, PITCH:], self._view)

    def _adjacent(self, index: int, width: float, ends_in: float) -> AdjacentLane:
        if not self._adjacent_exists.likely[index]:
            return AdjacentLane(exists=False, enterable=False, width=0.0)
        enterable = self._crossable.at_ego[index]
        return AdjacentLane(exists=True, enterable=enterable, width=width, ends_in=max(ends_in, 0.0))

    def _confidence(self, sigma_ahead: FloatArray) -> float:
        """Confidence from the accuracy of the path ahead, the visibility of lines, and their agreement."""
        if not self._started:
            return 0.0
        sigma = float(np.interp(self._tuning.confidence_distance, STATIONS, sigma_ahead))
        known = float(np.exp(-((sigma / self._tuning.confidence_sigma) ** 2)))
        visible = float(np.power(self._visibility, self._tuning.visibility_exponent))
        return known * visible * min(1.0, self._agreement / 0.6 + 0.35)


def _shifted(values: FloatArray, shift: int, fill: float) -> FloatArray:
    """Rows of the four boundaries in the filter's order, where the network is ``shift`` lanes to the left."""
    if shift == 0:
        return values
    moved = np.full_like(values, fill)
    if shift > 0:
        moved[:-1] = values[1:]
    else:
        moved[1:] = values[:-1]
    return moved
