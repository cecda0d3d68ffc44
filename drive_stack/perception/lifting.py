"""From boxes in the image to places on the road.

Two cues give the distance to an object of which we see a box:

- *contact*: the box stands on the road, so its lower edge is seen under an angle that falls with
  the distance (level road). One pixel near the horizon is many metres, so this cue fades far off.
- *size*: an object of a known height H fills h = f·H/Z pixels. Its error is a share of the
  distance, as sizes vary by some percent within a class, and stays the same for one object.

Both are nearly normal in the logarithm of the depth, where they are joined by inverse variance
(maximum likelihood, e.g. Thrun, Burgard & Fox, *Probabilistic Robotics*, 2005, §3.2). They are handed
on singly as well, so that who sees an object over time can learn its size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from drive_stack.camera_model import CameraModel
from drive_stack.geometry import rotation
from drive_stack.types import Detection, LiftedObject, LineOfSight, ObjectClass, RangeCue


@dataclass(frozen=True, slots=True)
class UsualSize:
    """What objects of a class measure, with relative standard deviations."""

    height: float  # [m]
    width: float  # [m]
    height_spread: float
    width_spread: float
    contact: float  # where it touches the ground, behind the near face: wheels stand further in [m]
    contact_spread: float  # [m]


USUAL_SIZES: Mapping[ObjectClass, UsualSize] = {
    ObjectClass.CAR: UsualSize(1.53, 1.83, 0.08, 0.06, 0.7, 0.2),
    ObjectClass.LARGE_VEHICLE: UsualSize(3.2, 2.38, 0.19, 0.09, 0.8, 0.4),
    ObjectClass.PEDESTRIAN: UsualSize(1.65, 0.55, 0.14, 0.35, 0.0, 0.2),
    ObjectClass.OBSTACLE: UsualSize(0.85, 0.6, 0.5, 0.6, 0.0, 0.2),
}


MOSTLY_HIDDEN, HIDDEN_SAMPLES = 0.65, 16  # share of a lower edge that must not be hidden, and how it is taken
BARRIER_HEIGHT = 1.3  # obstacles no higher may be long ones, seen along [m]
_LONG = (ObjectClass.CAR, ObjectClass.LARGE_VEHICLE)  # whose flank may show beside the face


@dataclass(frozen=True, slots=True)
class BoxErrors:
    """How well boxes are known, standard deviations."""

    edge_px: float = 0.5  # of one edge, from the detector
    edge_share: float = 0.03  # and of the box's height: legs, loads and mirrors blur the edges of large boxes
    pitch_px: float = 0.4  # of the horizon: the road is not quite level, the car not quite still
    touched_px: float = 0.5  # boxes are higher than what they hold: pixels touched in part count whole
    border_px: float = 2.0  # an edge this near the image's border is taken as cut off
    side_share: float = 0.07  # of the box's width, and one this near its left or right border
    oblique_spread: float = 0.35  # relative, of the seen width where a side shows beside the face


@dataclass(frozen=True, slots=True)
class _Cue:
    """One estimate of the depth along the optical axis, as a logarithm of [m]."""

    log_depth: float
    white: float  # variance of what differs from image to image
    typical_size: float | None = None  # [m], where the object's height gave it
    spread: float = 0.0  # standard deviation of what stays the same

    @property
    def variance(self) -> float:
        return self.white + self.spread**2

    def seen_at(self, away: float) -> RangeCue:
        """The cue for others, with ``away`` metres over the ground for each of depth."""
        return RangeCue(away * float(np.exp(self.log_depth)), self.white, self.typical_size, self.spread)


class GroundLifter:
    """Places detections by where they touch the road and by how large they look."""

    def __init__(
        self,
        camera: CameraModel,
        sizes: Mapping[ObjectClass, UsualSize] = USUAL_SIZES,
        errors: BoxErrors | None = None,
    ) -> None:
        self._camera = camera
        self._sizes = sizes
        self._errors = errors or BoxErrors()

    def lift(self, detections: tuple[Detection, ...]) -> tuple[LiftedObject, ...]:
        """The objects that can be placed, in the order of ``detections``."""
        lifted = (self._lift_one(detection, detections) for detection in detections)
        return tuple(one for one in lifted if one is not None)

    def _lift_one(self, detection: Detection, others: tuple[Detection, ...]) -> LiftedObject | None:
        x1, y1, x2, y2 = detection.box
        if x2 <= x1 or y2 <= y1:
            return None
        covered = _stands_behind(detection, others)
        candidates = (self._contact(detection, covered), self._size(detection, covered))
        cues = [cue for cue in candidates if cue is not None]
        if not cues:
            return None
        variance = 1.0 / sum(1.0 / cue.variance for cue in cues)
        log_depth = variance * sum(cue.log_depth / cue.variance for cue in cues)
        return self._place(detection, float(np.exp(log_depth)), variance, cues)

    def _contact(self, detection: Detection, covered: bool) -> _Cue | None:
        """Depth from the lower edge; None where something hides it or it lies at the horizon."""
        camera, errors = self._camera, self._errors
        row = detection.box[3]
        below = row - camera.horizon_px
        sigma = float(np.hypot(self._edge(detection), errors.pitch_px))
        if covered or below < sigma:
            return None
        pitch = np.radians(camera.pitch_down_deg)
        angle = float(np.arctan((row - camera.height / 2.0) / camera.focal_px) + pitch)
        ahead = camera.mount_z / np.tan(angle)
        usual = self._sizes[detection.label]
        touching = float(ahead * np.cos(pitch) + camera.mount_z * np.sin(pitch))
        depth = max(touching - usual.contact, 1.0)
        if row >= camera.height - errors.border_px:
            # wheels or feet are below the picture: nearer than its lower border, who knows how much
            return _Cue(float(np.log(0.75 * depth)), 0.3**2)
        return _Cue(float(np.log(depth)), (sigma / below) ** 2 + (usual.contact_spread / depth) ** 2)

    def _size(self, detection: Detection, covered: bool) -> _Cue | None:
        """Depth from the height or, where that is not seen whole, from the width."""
        x1, y1, x2, y2 = detection.box
        camera, errors, usual = self._camera, self._errors, self._sizes[detection.label]
        border = errors.border_px
        edge = 2.0 * self._edge(detection) ** 2  # variance of the distance of two edges [px²]
        if y1 > border and y2 < camera.height - border and not covered:
            height = max(y2 - y1 - errors.touched_px, 1.0)
            depth = camera.focal_px * usual.height / height
            return _Cue(float(np.log(depth)), edge / height**2, usual.height, usual.height_spread)
        if detection.label is ObjectClass.OBSTACLE:
            return None  # a cone, a barrier seen along, a board: their widths say nothing
        if not self._cut_left(detection) and not self._cut_right(detection):
            oblique = not x1 < camera.width / 2.0 < x2
            spread = max(usual.width_spread, errors.oblique_spread * oblique)
            depth = camera.focal_px * usual.width / (x2 - x1)
            return _Cue(float(np.log(depth)), spread**2 + edge / (x2 - x1) ** 2)
        return None

    def _cut_left(self, detection: Detection) -> bool:
        return detection.box[0] <= self._side(detection)

    def _cut_right(self, detection: Detection) -> bool:
        return detection.box[2] >= self._camera.width - self._side(detection)

    def _side(self, detection: Detection) -> float:
        """How near a side of the image a box seems cut off by it [px]: of large boxes the edges are coarse,
        and one taken as whole would put what we are passing into our way."""
        return max(self._errors.border_px, self._errors.side_share * (detection.box[2] - detection.box[0]))

    def _edge(self, detection: Detection) -> float:
        """Standard deviation of an upper or lower edge [px]."""
        height = detection.box[3] - detection.box[1]
        return float(np.hypot(self._errors.edge_px, self._errors.edge_share * height))

    def _place(self, detection: Detection, depth: float, variance: float, cues: list[_Cue]) -> LiftedObject:
        """Position and covariance at ``depth`` [m], whose logarithm has ``variance``."""
        camera = self._camera
        column, column_px, width = self._face(detection, depth)
        pitch = np.radians(camera.pitch_down_deg)
        ahead = (depth - camera.mount_z * np.sin(pitch)) / np.cos(pitch)
        lateral = (camera.width / 2.0 - column) / camera.focal_px * depth
        along = float(np.sqrt(variance)) * float(np.hypot(ahead, lateral))
        across = float(np.hypot(column_px * depth / camera.focal_px, 0.05))
        turn = rotation(float(np.arctan2(lateral, ahead)))
        camera_position = np.array([camera.mount_x, 0.0])
        away = float(np.hypot(ahead, lateral)) / depth  # distance over the ground for each metre of depth
        return LiftedObject(
            position=camera_position + np.array([ahead, lateral]),
            covariance=turn @ np.diag([along**2, across**2]) @ turn.T,
            label=detection.label,
            confidence=detection.confidence,
            width=width,
            detection=detection,
            line_of_sight=LineOfSight(camera_position, across, tuple(cue.seen_at(away) for cue in cues)),
            truncated_at_side=self._cut_left(detection) or self._cut_right(detection),
        )

    def _face(self, detection: Detection, depth: float) -> tuple[float, float, float]:
        """Column of the nearest face's centre, its standard deviation [px], the face's width [m].

        Of a vehicle or a barrier beside our way its flank shows on the inner side, so its face reaches
        inwards from the outer edge by the class's usual width. A board is wide, but high as well.
        """
        camera, errors, usual = self._camera, self._errors, self._sizes[detection.label]
        x1, y1, x2, y2 = detection.box
        usual_px = camera.focal_px * usual.width / depth
        middle_px = errors.edge_px / float(np.sqrt(2.0))
        usual_error = float(np.hypot(errors.edge_px, usual.width_spread * usual_px / 2.0))
        cut_left, cut_right = self._cut_left(detection), self._cut_right(detection)
        low = (y2 - y1) * depth < camera.focal_px * BARRIER_HEIGHT
        long = detection.label in _LONG or (detection.label is ObjectClass.OBSTACLE and low)
        flank = long and x2 - x1 > 1.1 * usual_px
        left_of_us, right_of_us = x2 < camera.width / 2.0, x1 > camera.width / 2.0
        if cut_left and cut_right:
            return (x1 + x2) / 2.0, usual_px / 2.0, usual.width
        if cut_left:  # the face reaches at least to the border, and at least as far in as is seen
            return min(x2 - usual_px / 2.0, usual_px / 2.0), usual_px / 4.0, usual.width
        if cut_right:
            return max(x1 + usual_px / 2.0, camera.width - usual_px / 2.0), usual_px / 4.0, usual.width
        if flank and right_of_us:
            return x2 - usual_px / 2.0, usual_error, usual.width
        if flank and left_of_us:
            return x1 + usual_px / 2.0, usual_error, usual.width
        return (x1 + x2) / 2.0, middle_px, (x2 - x1) * depth / camera.focal_px


def _stands_behind(detection: Detection, others: tuple[Detection, ...]) -> bool:
    """Whether nearer things hide most of the lower edge; a cone before a board does not."""
    x1, _, x2, y2 = detection.box
    hidden = np.zeros(HIDDEN_SAMPLES, dtype=bool)
    columns = x1 + (x2 - x1) * (np.arange(HIDDEN_SAMPLES) + 0.5) / HIDDEN_SAMPLES
    for other in others:
        left, top, right, bottom = other.box
        if other is not detection and top < y2 < bottom - 1.5:
            hidden |= (left < columns) & (columns < right)
    return bool(hidden.mean() > MOSTLY_HIDDEN)
