"""Ground-truth labels of a camera frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drive_stack.types.classes import ObjectClass


@dataclass(frozen=True, slots=True)
class LabelBox:
    """The ground-truth box of one object."""

    actor_id: int
    label: ObjectClass
    box: tuple[float, float, float, float]  # of the visible pixels [px]
    visible: float  # fraction of the object's pixels inside the image and not occluded, 0 … 1
    distance: float  # from the camera to the object's centre on the ground [m]


@dataclass(frozen=True, slots=True)
class FrameLabels:
    """Ground-truth labels of one camera frame."""

    boxes: tuple[LabelBox, ...]
    instance: NDArray[np.int32]  # (H, W) actor id, 0 where there is none
    semantic: NDArray[np.uint8]  # (H, W) see SemanticClass
    # (H, W) along the optical axis [m] of the ground or of an actor's centre, inf for sky; what stands next
    # to the road is left out
    depth: NDArray[np.float32]
