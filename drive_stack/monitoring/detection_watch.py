"""Notices a detector that reports more than there can be, or no longer sees what must be there.

An empty answer is usual on an empty road. It is doubted where things that were followed for a while
stood in the middle of the picture a moment ago, a large one or several small ones: they cannot have
driven out of view, and what might hide them would itself be detected. A detector that was blind from
the first picture on cannot be told from an empty road.
"""

from __future__ import annotations

import numpy as np

from drive_stack.camera_model import CameraModel
from drive_stack.types import Detection, ObjectClass, Track

MOST = 100  # objects that one picture can hold
DOUBTED = 5  # empty answers in a row, with something in plain view, that cannot be
FOLLOWED = 10  # steps for which that must have been followed: false detections rarely last
TALL = 18.0  # a box of this height counts in full, a lower one by its share of the area [px]
NEAREST = 6.0  # ahead of the rear axle; closer it may be below the picture [m]
MIDDLE = 0.8  # share of the field of view that is plain
SURE = 0.4  # least confidence of the track; it fades while it is missed


class DetectionWatch:
    """Judges what the detector says, picture by picture, against what was being followed."""

    def __init__(self, camera: CameraModel) -> None:
        self._half_view = MIDDLE * float(np.radians(camera.fov_x_deg)) / 2.0
        self.reset()

    def reset(self) -> None:
        """Trust the detector again."""
        self._empty = 0
        self._lost = 0

    def crowd(self, detections: tuple[Detection, ...]) -> str | None:
        """What is wrong where there are too many; None where the number can be true."""
        return f"the detector reports {len(detections)} objects" if len(detections) > MOST else None

    def lost(self, detections: tuple[Detection, ...], tracks: tuple[Track, ...]) -> str | None:
        """What is wrong where nothing is seen of what must be there; lasts until something is seen."""
        if detections:
            self.reset()
            return None
        if self._lost == 0:
            weights = [self._weight(track) for track in tracks]
            self._empty = self._empty + 1 if sum(weights) >= 1.0 else 0
            self._lost = sum(weight > 0.0 for weight in weights) if self._empty >= DOUBTED else 0
        if self._lost == 0:
            return None
        what = "an object that was" if self._lost == 1 else f"{self._lost} objects that were"
        return f"the detector no longer sees {what} in plain view"

    def _weight(self, track: Track) -> float:
        """How hard it would be to overlook, 0 … 1; 0 for what may have gone out of sight."""
        if track.label is ObjectClass.OBSTACLE or track.box is None:
            return 0.0
        x, y = track.position
        followed = track.age - track.missed >= FOLLOWED and track.confidence >= SURE
        if not followed or x < NEAREST or abs(np.arctan2(y, x)) > self._half_view:
            return 0.0
        return min((track.box[3] - track.box[1]) / TALL, 1.0) ** 2
