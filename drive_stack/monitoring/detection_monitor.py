"""Detects a detector that reports too many objects, or misses objects that must be visible.

An empty result is normal on an empty road. It is a fault where objects that were tracked for some time stood
in the central part of the image a moment ago: one large object or several small ones. These cannot have left
the view, and whatever might occlude them would itself be detected. A detector that returns nothing from the
first image on cannot be distinguished from an empty road.
"""

from __future__ import annotations

import numpy as np

from drive_stack.camera_model import CameraModel
from drive_stack.objects.classes import GROUPS, ClassGroup
from drive_stack.types import Detection, Track

MAX_OBJECTS = 100  # in one image
MAX_EMPTY = 5  # consecutive empty results, with an object in plain view, from which it is a fault
MIN_TRACKED_STEPS = 10  # of such an object: false detections rarely last as long
FULL_HEIGHT_PX = 18.0  # a box of this height counts fully, a lower one by its fraction of the area
MIN_DISTANCE = 6.0  # ahead of the rear axle; a nearer object may be below the image [m]
CENTRAL_FRACTION = 0.8  # of the field of view
MIN_CONFIDENCE = 0.4  # of a track; the confidence decreases while the track is missed


class DetectionMonitor:
    """Compares the detections of each image with the tracks."""

    def __init__(self, camera: CameraModel) -> None:
        self._half_view = CENTRAL_FRACTION * float(np.radians(camera.fov_x_deg)) / 2.0
        self.reset()

    def reset(self) -> None:
        """Assume a working detector again."""
        self._empty = 0  # consecutive empty results with an object in plain view
        self._missing = 0  # objects that are known to be missed

    def check_count(self, detections: tuple[Detection, ...]) -> str | None:
        """Description of the fault where there are too many detections, else None."""
        if len(detections) > MAX_OBJECTS:
            return f"the detector reports {len(detections)} objects"
        return None

    def check_missing(self, detections: tuple[Detection, ...], tracks: tuple[Track, ...]) -> str | None:
        """Description of the fault where visible objects are not detected, else None.

        The fault lasts until something is detected.
        """
        if detections:
            self.reset()
            return None
        if self._missing == 0:
            weights = [self._weight(track) for track in tracks]
            self._empty = self._empty + 1 if sum(weights) >= 1.0 else 0
            self._missing = sum(weight > 0.0 for weight in weights) if self._empty >= MAX_EMPTY else 0
        if self._missing == 0:
            return None
        what = "an object that was" if self._missing == 1 else f"{self._missing} objects that were"
        return f"the detector no longer sees {what} in plain view"

    def _weight(self, track: Track) -> float:
        """How certainly a detector finds the object, 0 … 1; 0 where the object may be out of view."""
        if GROUPS[track.label] is ClassGroup.OBSTACLES or track.box is None:
            return 0.0
        x, y = track.position
        established = track.age - track.missed >= MIN_TRACKED_STEPS and track.confidence >= MIN_CONFIDENCE
        if not established or x < MIN_DISTANCE or abs(np.arctan2(y, x)) > self._half_view:
            return 0.0
        return min((track.box[3] - track.box[1]) / FULL_HEIGHT_PX, 1.0) ** 2
