"""What the policy is made to notice while it learns, beside how to drive; nothing of it is shipped.

A brake pedal that is pressed once a minute teaches a network from scratch nothing of the car in front: it
learns the few scenes by heart. Asked in every frame how near that car is, it has to look (compare the
auxiliary tasks of Codevilla et al., 2019, "Exploring the limitations of behavior cloning"). The layers that
answer are left out when the policy is exported: what drives has no box, lane or track inside.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from drive_stack.recording.reader import Recording
from drive_stack.types import FloatArray

NOW = ("lane offset", "heading error", "curvature", "lead nearness")  # to be told from one picture
THEN = ("lead closing", "speed in 1 s", "speed in 2 s", "speed in 3 s")  # from what was lately seen
_NEAR = 20.0  # a lead this far off is half as near as can be [m]
_LEAST_GAP = 2.0  # [m]
_AHEAD = (1.0, 2.0, 3.0)  # [s]
_SOFT = 0.1


def hints_of(recording: Recording, speed: FloatArray) -> NDArray[np.float32]:
    """(N, `NOW` and `THEN`) of order 1; NaN where nobody knows, such as the speed after the end.

    A student's own later speeds are no example, and are left out.
    """
    gap = recording.column("lead_gap_m").astype(np.float64)
    closing = (speed - recording.column("lead_speed_mps").astype(np.float64)) / np.maximum(gap, _LEAST_GAP)
    none = ~np.isfinite(gap)
    now = [
        recording.column("lane_offset_m"),
        recording.column("heading_error_rad") / 0.05,
        recording.column("curvature_1pm") * 250.0,
        np.where(none, 0.0, 1.0 / (1.0 + np.maximum(gap, 0.0) / _NEAR)),
    ]
    then = [np.where(none, 0.0, np.clip(4.0 * closing, -2.0, 2.0)), *_later_speeds(recording, speed)]
    return np.stack([*now, *then], axis=1).astype(np.float32)


def hint_loss(answers: torch.Tensor, hints: torch.Tensor) -> torch.Tensor:
    """Huber's loss over what is known, (B, H) both."""
    known = torch.isfinite(hints)
    each = functional.smooth_l1_loss(answers, torch.nan_to_num(hints), beta=_SOFT, reduction="none")
    return (each * known).sum() / known.sum().clamp(min=1)


def _later_speeds(recording: Recording, speed: FloatArray) -> list[FloatArray]:
    """How much faster the expert will be, in units of 5 m/s."""
    time = recording.column("time_s").astype(np.float64)
    expert = recording.column("driver") == "expert"
    starts = np.concatenate([[0], recording.episode_ends[:-1]])
    later = [np.full(len(speed), np.nan) for _ in _AHEAD]
    for start, end in zip(starts.tolist(), recording.episode_ends.tolist(), strict=True):
        here = slice(start, end)
        for column, ahead in zip(later, _AHEAD, strict=True):
            column[here] = np.interp(time[here] + ahead, time[here], speed[here], right=np.nan) - speed[here]
    return [np.where(expert, column / 5.0, np.nan) for column in later]
