"""Ground truth of one camera frame: the objects that a detector should find."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drive_stack.types import FrameLabels


@dataclass(frozen=True, slots=True)
class FrameTruth:
    """The objects of one frame, one row each."""

    boxes: NDArray[np.float32]  # (N, 4) [px]
    labels: NDArray[np.int8]  # (N,) ObjectClass
    visible: NDArray[np.float32]  # (N,) 0 … 1
    distance: NDArray[np.float32]  # (N,) [m]


def truth_of(labels: FrameLabels) -> FrameTruth:
    """The objects of a labelled frame as arrays."""
    boxes = labels.boxes
    return FrameTruth(
        boxes=np.array([b.box for b in boxes], dtype=np.float32).reshape(-1, 4),
        labels=np.array([int(b.label) for b in boxes], dtype=np.int8),
        visible=np.array([b.visible for b in boxes], dtype=np.float32),
        distance=np.array([b.distance for b in boxes], dtype=np.float32),
    )
