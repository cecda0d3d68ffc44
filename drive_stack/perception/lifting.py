"""Positions on the road from boxes in the image.

Two cues give the distance of an object from its box:

- *contact*: the object stands on the road, so the row of its lower edge gives the distance: on a level road
  by the angle below the horizon, else by the estimated ground. Near the horizon one pixel is many metres, so
  this cue is inaccurate for distant objects.
- *size*: an object of height H at depth Z is h = f·H/Z pixels high. The relative error of the distance equals
  that of the assumed size: sizes vary by some percent within a class, and the error is constant for one
  object.

The errors of both are nearly normal in the logarithm of the depth, in which the cues are fused by inverse
variance (maximum likelihood, e.g. Thrun, Burgard & Fox, *Probabilistic Robotics*, 2005, §3.2). The single
cues are returned as well, so that a tracker can estimate the size of an object over time.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from drive_stack.camera_model import CameraModel
from drive_stack.objects.classes import GROUPS, ClassGroup, classes_of
from drive_stack.perception.ground_shape import point_at
from drive_stack.types import (
    Detection,
    FloatArray,
    GroundEstimate,
    LiftedObject,
    LineOfSight,
    ObjectClass,
    RangeCue,
)


@dataclass(frozen=True, slots=True)
class TypicalSize:
    """Mean dimensions of a class with relative standard deviations."""

    height: float  # [m]
    width: float  # [m]
    height_sigma: float
    width_sigma: float
    contact_offset: float  # distance of the wheels behind the nearest face [m]
    contact_sigma: float  # [m]


TYPICAL_SIZES: Mapping[ObjectClass, TypicalSize] = {
    ObjectClass.CAR: TypicalSize(1.53, 1.83, 0.08, 0.06, 0.7, 0.2),
    ObjectClass.LARGE_VEHICLE: TypicalSize(3.2, 2.38, 0.19, 0.09, 0.8, 0.4),
    ObjectClass.PEDESTRIAN: TypicalSize(1.65, 0.55, 0.14, 0.35, 0.0, 0.2),
    ObjectClass.OBSTACLE: TypicalSize(0.85, 0.6, 0.5, 0.6, 0.0, 0.2),
    ObjectClass.MOTORCYCLE: TypicalSize(1.45, 0.8, 0.08, 0.12, 0.3, 0.2),
    ObjectClass.CYCLIST: TypicalSize(1.75, 0.6, 0.08, 0.2, 0.3, 0.2),
    ObjectClass.WHEELCHAIR_USER: TypicalSize(1.3, 0.65, 0.08, 0.3, 0.0, 0.2),
    ObjectClass.ANIMAL: TypicalSize(1.0, 0.8, 0.4, 0.6, 0.0, 0.3),
    ObjectClass.CARGO: TypicalSize(0.4, 0.9, 0.7, 0.7, 0.0, 0.2),
    ObjectClass.EMERGENCY_VEHICLE: TypicalSize(1.6, 1.85, 0.08, 0.06, 0.7, 0.2),
    ObjectClass.OVERTURNED_CAR: TypicalSize(1.45, 1.83, 0.08, 0.06, 0.7, 0.2),
}


MAX_OCCLUDED_FRACTION = 0.65  # of a lower edge that is still used
OCCLUSION_SAMPLES = 16  # along a lower edge
BARRIER_HEIGHT = 1.3  # an obstacle no higher may be a long one, seen lengthwise [m]
_LONG_CLASSES = classes_of(ClassGroup.VEHICLES)  # whose side may be visible next to the face


@dataclass(frozen=True, slots=True)
class BoxErrors:
    """Standard deviations of box edges, and thresholds at the border of the image."""

    edge_px: float = 0.5  # of one edge, from the detector
    edge_fraction: float = 0.03  # of the height: legs, loads, mirrors blur the edges of large boxes
    pitch_px: float = 0.4  # of the horizon: the road is not exactly level and the car pitches
    enlargement_px: float = 0.5  # boxes are higher than objects: they include partly covered pixels
    border_px: float = 2.0  # an edge this close to the border of the image is cut off
    side_fraction: float = 0.07  # of the box's width: a box this close to the left or right border is cut off
    oblique_sigma: float = 0.35  # relative, of the visible width where a side is visible


@dataclass(frozen=True, slots=True)
class _Cue:
    """One estimate of the logarithm of the depth [m] along the optical axis."""

    log_depth: float
    independent_variance: float  # of the error that is independent in each image
    typical_size: float | None = None  # [m], where the estimate is from the height
    common_sigma: float = 0.0  # of the error that is constant for an object

    @property
    def variance(self) -> float:
        return self.independent_variance + self.common_sigma**2

    def to_range_cue(self, ground_per_depth: float) -> RangeCue:
        """The cue as a distance, with ``ground_per_depth`` metres over the ground for each metre of depth."""
        distance = ground_per_depth * math.exp(self.log_depth)
        return RangeCue(distance, self.independent_variance, self.typical_size, self.common_sigma)


class GroundLifter:
    """A `Lifter` that uses the contact with the road and the apparent size of each box."""

    def __init__(
        self,
        camera: CameraModel,
        sizes: Mapping[ObjectClass, TypicalSize] = TYPICAL_SIZES,
        errors: BoxErrors | None = None,
    ) -> None:
        self._camera = camera
        self._sizes = sizes
        self._errors = errors or BoxErrors()
        self._pitch = math.radians(camera.pitch_down_deg)
        self._focal_px, self._horizon_px = camera.focal_px, camera.horizon_px
        self._position = np.array([camera.mount_x, 0.0])  # of the camera

    def lift(
        self, detections: tuple[Detection, ...], ground: GroundEstimate | None = None
    ) -> tuple[LiftedObject, ...]:
        """The objects whose position can be computed, in the order of ``detections``.

        Without an estimate of the ``ground``, the road counts as level.
        """
        lifted = (self._lift_one(detection, detections, ground) for detection in detections)
        return tuple(item for item in lifted if item is not None)

    def _lift_one(
        self, detection: Detection, others: tuple[Detection, ...], ground: GroundEstimate | None
    ) -> LiftedObject | None:
        x1, y1, x2, y2 = detection.box
        if x2 <= x1 or y2 <= y1:
            return None
        occluded = _is_occluded(detection, others)
        candidates = (self._contact(detection, occluded, ground), self._size(detection, occluded))
        cues = [cue for cue in candidates if cue is not None]
        if not cues:
            return None
        variance = 1.0 / sum(1.0 / cue.variance for cue in cues)
        log_depth = variance * sum(cue.log_depth / cue.variance for cue in cues)
        return self._place(detection, math.exp(log_depth), variance, cues)

    def _contact(self, detection: Detection, occluded: bool, ground: GroundEstimate | None) -> _Cue | None:
        """Depth from the lower edge; None where it is occluded, at the horizon or behind a crest."""
        camera, errors = self._camera, self._errors
        row = detection.box[3]
        below = row - self._horizon_px
        row_sigma, ground_sigma = self._edge_sigma(detection), errors.pitch_px
        if occluded or below < (row_sigma if ground else math.hypot(row_sigma, ground_sigma)):
            return None
        row_error, ground_error = row_sigma / below, ground_sigma / below  # relative, of the distance
        angle = math.atan((row - camera.height / 2.0) / self._focal_px) + self._pitch
        ahead = camera.mount_z / math.tan(angle)
        if ground is not None:
            point = point_at(ahead + camera.mount_x, ground)
            if point is None:
                return None
            ahead = point.distance - camera.mount_x
            row_error, ground_error = row_error * point.sensitivity, point.log_sigma
        typical = self._sizes[detection.label]
        contact_depth = ahead * math.cos(self._pitch) + camera.mount_z * math.sin(self._pitch)
        depth = max(contact_depth - typical.contact_offset, 1.0)
        if row >= camera.height - errors.border_px:
            # wheels or feet are below the image: the object is nearer than its lower border
            return _Cue(math.log(0.75 * depth), 0.3**2)
        variance = row_error**2 + ground_error**2 + (typical.contact_sigma / depth) ** 2
        return _Cue(math.log(depth), variance)

    def _size(self, detection: Detection, occluded: bool) -> _Cue | None:
        """Depth from the height or, where that is not fully visible, from the width; None without both."""
        x1, y1, x2, y2 = detection.box
        camera, errors, typical = self._camera, self._errors, self._sizes[detection.label]
        border = errors.border_px
        edge = 2.0 * self._edge_sigma(detection) ** 2  # variance of the distance of two edges [px²]
        if y1 > border and y2 < camera.height - border and not occluded:
            height = max(y2 - y1 - errors.enlargement_px, 1.0)
            depth = self._focal_px * typical.height / height
            return _Cue(math.log(depth), edge / height**2, typical.height, typical.height_sigma)
        if GROUPS[detection.label] is ClassGroup.OBSTACLES:
            return None  # the widths of cones, barriers and boards differ too much
        if not self._is_cut_left(detection) and not self._is_cut_right(detection):
            oblique = not x1 < camera.width / 2.0 < x2
            sigma = max(typical.width_sigma, errors.oblique_sigma * oblique)
            depth = self._focal_px * typical.width / (x2 - x1)
            return _Cue(math.log(depth), sigma**2 + edge / (x2 - x1) ** 2)
        return None

    def _is_cut_left(self, detection: Detection) -> bool:
        return detection.box[0] <= self._side_margin(detection)

    def _is_cut_right(self, detection: Detection) -> bool:
        return detection.box[2] >= self._camera.width - self._side_margin(detection)

    def _side_margin(self, detection: Detection) -> float:
        """Distance to the left or right border of the image from which a box counts as cut off [px].

        Edges of large boxes are inaccurate. A passed vehicle whose box counted as complete would seem to be
        in the path of the ego.
        """
        return max(self._errors.border_px, self._errors.side_fraction * (detection.box[2] - detection.box[0]))

    def _edge_sigma(self, detection: Detection) -> float:
        """Standard deviation of an upper or lower edge [px]."""
        height = detection.box[3] - detection.box[1]
        return math.hypot(self._errors.edge_px, self._errors.edge_fraction * height)

    def _place(self, detection: Detection, depth: float, variance: float, cues: list[_Cue]) -> LiftedObject:
        """Position and covariance at ``depth`` [m], whose logarithm has ``variance``."""
        camera = self._camera
        column, column_sigma, width = self._face(detection, depth)
        ahead = (depth - camera.mount_z * math.sin(self._pitch)) / math.cos(self._pitch)
        lateral = (camera.width / 2.0 - column) / self._focal_px * depth
        distance = math.hypot(ahead, lateral)
        radial_sigma = math.sqrt(variance) * distance
        transverse_sigma = math.hypot(column_sigma * depth / self._focal_px, 0.05)
        range_cues = tuple(cue.to_range_cue(distance / depth) for cue in cues)
        return LiftedObject(
            position=np.array([camera.mount_x + ahead, lateral]),
            covariance=_covariance(math.atan2(lateral, ahead), radial_sigma, transverse_sigma),
            label=detection.label,
            confidence=detection.confidence,
            width=width,
            detection=detection,
            line_of_sight=LineOfSight(self._position, transverse_sigma, range_cues),
            truncated_at_side=self._is_cut_left(detection) or self._is_cut_right(detection),
        )

    def _face(self, detection: Detection, depth: float) -> tuple[float, float, float]:
        """Column of the nearest face's centre [px], its standard deviation [px], and the face's width [m].

        A vehicle or a barrier next to the path of the ego shows its side on the inner side of its box. Its
        face then extends inwards from the outer edge by the typical width of the class. A board is wide, but
        also high.
        """
        camera, errors, typical = self._camera, self._errors, self._sizes[detection.label]
        x1, y1, x2, y2 = detection.box
        typical_px = self._focal_px * typical.width / depth
        centre_error = errors.edge_px / math.sqrt(2.0)
        face_error = math.hypot(errors.edge_px, typical.width_sigma * typical_px / 2.0)
        is_cut_left, is_cut_right = self._is_cut_left(detection), self._is_cut_right(detection)
        is_low = (y2 - y1) * depth < self._focal_px * BARRIER_HEIGHT
        long = detection.label in _LONG_CLASSES or (
            GROUPS[detection.label] is ClassGroup.OBSTACLES and is_low
        )
        side_visible = long and x2 - x1 > 1.1 * typical_px
        left_of_ego, right_of_ego = x2 < camera.width / 2.0, x1 > camera.width / 2.0
        if is_cut_left and is_cut_right:
            return (x1 + x2) / 2.0, typical_px / 2.0, typical.width
        if is_cut_left:  # the face extends at least to the border, and at least as far as is visible
            return min(x2 - typical_px / 2.0, typical_px / 2.0), typical_px / 4.0, typical.width
        if is_cut_right:
            centre = max(x1 + typical_px / 2.0, camera.width - typical_px / 2.0)
            return centre, typical_px / 4.0, typical.width
        if side_visible and right_of_ego:
            return x2 - typical_px / 2.0, face_error, typical.width
        if side_visible and left_of_ego:
            return x1 + typical_px / 2.0, face_error, typical.width
        return (x1 + x2) / 2.0, centre_error, (x2 - x1) * depth / self._focal_px


def _covariance(angle: float, radial_sigma: float, transverse_sigma: float) -> FloatArray:
    """Covariance (2, 2) [m²] of deviations [m] along the direction ``angle`` [rad] and across it."""
    cos, sin = math.cos(angle), math.sin(angle)
    along, across = radial_sigma**2, transverse_sigma**2
    mixed = cos * sin * (along - across)
    return np.array([[cos**2 * along + sin**2 * across, mixed], [mixed, sin**2 * along + cos**2 * across]])


def _is_occluded(detection: Detection, others: tuple[Detection, ...]) -> bool:
    """Whether nearer objects occlude most of the lower edge. A cone in front of a board does not."""
    x1, _, x2, y2 = detection.box
    spans = [
        (left, right)
        for left, top, right, bottom in (other.box for other in others if other is not detection)
        if top < y2 < bottom - 1.5 and left < x2 and right > x1
    ]
    if not spans:
        return False
    columns = [x1 + (x2 - x1) * (index + 0.5) / OCCLUSION_SAMPLES for index in range(OCCLUSION_SAMPLES)]
    occluded = sum(any(left < column < right for left, right in spans) for column in columns)
    return occluded > MAX_OCCLUDED_FRACTION * OCCLUSION_SAMPLES
