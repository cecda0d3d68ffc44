"""Auxiliary targets: quantities that the policy predicts in training in addition to the controls.

Braking is rare. From the pedals alone, a network trained from scratch memorises the few scenes with braking
and does not learn to detect the vehicle in front. An auxiliary target in every frame, such as the distance
of that vehicle, forces it to do so (compare the auxiliary tasks of Codevilla et al., 2019, "Exploring the
limitations of behavior cloning"). The layers that predict these targets are not exported: the policy that
drives contains no boxes, lanes or tracks.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from drive_stack.datasets.drives.other_actors import OtherActors
from drive_stack.datasets.drives.reader import Recording
from drive_stack.learning.imitation.column_targets import proximity
from drive_stack.objects.classes import ClassGroup, classes_of
from drive_stack.types import FloatArray, ObjectClass
from drive_stack.vehicle import VehicleParameters

# predicted from one image
IMAGE_TARGETS = (
    "lane offset",
    "heading error",
    "curvature",
    "lead proximity",
    "pedestrian proximity",
    "pedestrian offset",
)
# predicted from the history of images
HISTORY_TARGETS = ("lead closing rate", "speed in 1 s", "speed in 2 s", "speed in 3 s")
_HALF_PATH_WIDTH = 1.9  # of the path along the ego's lane [m]
_MAX_PEDESTRIAN_OFFSET = 6.0  # from the centre of the ego's lane [m]
_MAX_DISTANCE = 150.0  # [m]
_MIN_GAP = 2.0  # [m]
_HORIZONS = (1.0, 2.0, 3.0)  # [s]
_TIME_TOLERANCE = 1e-6  # of times that are computed [s]
_HUBER_DELTA = 0.1


def auxiliary_targets(recording: Recording, others: OtherActors, speed: FloatArray) -> NDArray[np.float32]:
    """Compute the auxiliary targets of all rows, scaled to order 1.

    ``speed`` is (N,) [m/s]. Returns (N, `IMAGE_TARGETS` + `HISTORY_TARGETS`); NaN where unknown, such as the
    speed after the end of an episode. Later speeds are targets only where the expert drove.
    """
    lateral = _lane_offsets(recording, others)
    gap, lead_speed = _lead(recording, others, lateral)
    is_clear = ~np.isfinite(gap)
    closing = (speed - lead_speed) / np.maximum(gap, _MIN_GAP)
    pedestrian, pedestrian_lateral = nearest_pedestrian(recording, others)
    from_image = [
        recording.column("lane_offset_m", np.float32),
        recording.column("heading_error_rad", np.float32) / 0.05,
        recording.column("curvature_1pm", np.float32) * 250.0,
        proximity(gap),
        proximity(pedestrian),
        pedestrian_lateral / _MAX_PEDESTRIAN_OFFSET,
    ]
    from_history = [
        np.where(is_clear, 0.0, np.clip(4.0 * closing, -2.0, 2.0)),
        *_later_speeds(recording, speed),
    ]
    return np.stack([*from_image, *from_history], axis=1).astype(np.float32)


def auxiliary_loss(predicted: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Mean Huber loss over the known targets; both arguments are (B, H)."""
    known = torch.isfinite(targets)
    each = functional.smooth_l1_loss(
        predicted, torch.nan_to_num(targets), beta=_HUBER_DELTA, reduction="none"
    )
    return (each * known).sum() / known.sum().clamp(min=1)


def _lane_offsets(recording: Recording, others: OtherActors) -> FloatArray:
    """Lateral position (M,) [m] of each actor, left of the centre of the ego's lane.

    The lane is extrapolated with its curvature at the ego.
    """
    offset, heading, curvature = (
        recording.column(name, np.float64)[others.row]
        for name in ("lane_offset_m", "heading_error_rad", "curvature_1pm")
    )
    return others.y + offset + heading * others.x - curvature * others.x**2 / 2.0


def _lead(recording: Recording, others: OtherActors, lateral: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Gap (N,) [m] to the first actor in the ego's lane and its speed along the lane (N,) [m/s].

    If there is none they are inf and 0. Vehicles count by their recorded lane, others by their position.
    """
    gap = np.nan_to_num(recording.column("lead_gap_m", np.float64), nan=np.inf)
    speed = np.nan_to_num(recording.column("lead_speed_mps", np.float64))
    car = VehicleParameters()
    near_side = others.x - others.length / 2.0 - (car.length - car.rear_overhang)
    is_other = ~np.isin(others.label, [int(label) for label in classes_of(ClassGroup.VEHICLES)])
    in_path = (
        is_other & (np.abs(lateral) < _HALF_PATH_WIDTH) & (near_side > -1.0) & (near_side < _MAX_DISTANCE)
    )
    along_speed = others.speed * np.cos(others.heading)
    order = np.flatnonzero(in_path)[np.argsort(-near_side[in_path])]  # the nearest is written last
    first, first_speed = np.full(recording.rows, np.inf), np.zeros(recording.rows)
    first[others.row[order]], first_speed[others.row[order]] = near_side[order], along_speed[order]
    is_nearer = first < gap
    return np.where(is_nearer, first, gap), np.where(is_nearer, first_speed, speed)


def nearest_pedestrian(recording: Recording, others: OtherActors) -> tuple[FloatArray, FloatArray]:
    """Distance ahead and lateral position (N,) [m] of the nearest pedestrian on or by the road.

    The lateral position is that from the centre of the ego's lane, left positive. Without any, the numbers
    are inf and NaN.
    """
    lateral, rows = _lane_offsets(recording, others), recording.rows
    is_near = (others.label == ObjectClass.PEDESTRIAN) & (np.abs(lateral) < _MAX_PEDESTRIAN_OFFSET)
    is_near &= (others.x > 0.0) & (others.x < _MAX_DISTANCE)
    order = np.flatnonzero(is_near)[np.argsort(-others.x[is_near])]
    distance, left = np.full(rows, np.inf), np.full(rows, np.nan)
    distance[others.row[order]], left[others.row[order]] = others.x[order], lateral[order]
    return distance, left


def _later_speeds(recording: Recording, speed: FloatArray) -> list[FloatArray]:
    """Change of the expert's speed after each horizon, (N,) each, in units of 5 m/s.

    It is unknown where another driver drives before the horizon: its speed is not the expert's intention.
    """
    time = recording.column("time_s", np.float64)
    expert = recording.column("driver", np.str_) == "expert"
    starts = np.concatenate([[0], recording.episode_ends[:-1]])
    later = [np.full(len(speed), np.nan) for _ in _HORIZONS]
    for start, end in zip(starts.tolist(), recording.episode_ends.tolist(), strict=True):
        episode = slice(start, end)
        for column, horizon in zip(later, _HORIZONS, strict=True):
            future = np.interp(time[episode] + horizon, time[episode], speed[episode], right=np.nan)
            last = np.searchsorted(time[episode], time[episode] + horizon - _TIME_TOLERANCE)
            others = np.concatenate(
                [[0], np.cumsum(~expert[episode])]
            )  # rows of other drivers before each row
            alone = others[np.minimum(last, end - start)] == others[:-1]
            column[episode] = np.where(alone, future - speed[episode], np.nan)
    return [column / 5.0 for column in later]
