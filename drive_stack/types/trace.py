"""What an agent shows of its last step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from drive_stack.types.agent import Control
from drive_stack.types.lanes import LaneEstimate
from drive_stack.types.objects import Detection, LiftedObject, Track
from drive_stack.types.planning import Plan
from drive_stack.types.prediction import Prediction


@dataclass(frozen=True, slots=True)
class StepTrace:
    """Intermediate results of an agent in one step. The viewer draws them and the report quotes them."""

    control: Control
    detections: tuple[Detection, ...] = ()
    objects: tuple[LiftedObject, ...] = ()
    tracks: tuple[Track, ...] = ()
    lanes: LaneEstimate | None = None
    predictions: tuple[Prediction, ...] = ()
    plan: Plan | None = None
    stage_ms: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    attention: Callable[[], NDArray[np.float32]] | None = None  # (H, W) 0 … 1, computed on demand
