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

from drive_stack.datasets.drives.other_actors import OtherActors
from drive_stack.datasets.drives.reader import Recording
from drive_stack.learning.imitation.columns import nearness
from drive_stack.types import FloatArray, ObjectClass
from drive_stack.vehicle import VehicleParameters

# to be told from one picture
NOW = ("lane offset", "heading error", "curvature", "nearness in the way", "person nearness", "person aside")
THEN = ("closing in the way", "speed in 1 s", "speed in 2 s", "speed in 3 s")  # from what was lately seen
_WAY = 1.9  # half the breadth of the way along the ego's lane [m]
_ROADSIDE = 6.0  # people farther aside do not matter yet [m]
_FAR = 150.0  # [m]
_LEAST_GAP = 2.0  # [m]
_AHEAD = (1.0, 2.0, 3.0)  # [s]
_SOFT = 0.1


def hints_of(recording: Recording, others: OtherActors, speed: FloatArray) -> NDArray[np.float32]:
    """(N, `NOW` and `THEN`) of order 1; NaN where nobody knows, such as the speed after the end.

    A student's own later speeds are no example, and are left out.
    """
    aside = _aside(recording, others)
    gap, its_speed = _in_the_way(recording, others, aside)
    clear = ~np.isfinite(gap)
    closing = (speed - its_speed) / np.maximum(gap, _LEAST_GAP)
    person, person_aside = _person(recording.rows, others, aside)
    now = [
        recording.column("lane_offset_m", np.float32),
        recording.column("heading_error_rad", np.float32) / 0.05,
        recording.column("curvature_1pm", np.float32) * 250.0,
        nearness(gap),
        nearness(person),
        person_aside / _ROADSIDE,
    ]
    then = [np.where(clear, 0.0, np.clip(4.0 * closing, -2.0, 2.0)), *_later_speeds(recording, speed)]
    return np.stack([*now, *then], axis=1).astype(np.float32)


def hint_loss(answers: torch.Tensor, hints: torch.Tensor) -> torch.Tensor:
    """Huber's loss over what is known, (B, H) both."""
    known = torch.isfinite(hints)
    each = functional.smooth_l1_loss(answers, torch.nan_to_num(hints), beta=_SOFT, reduction="none")
    return (each * known).sum() / known.sum().clamp(min=1)


def _aside(recording: Recording, others: OtherActors) -> FloatArray:
    """(M,) how far each is to the left of the ego's lane's middle, had the lane the curvature that it has
    at the ego [m]."""
    offset, heading, curvature = (
        recording.column(name, np.float64)[others.row]
        for name in ("lane_offset_m", "heading_error_rad", "curvature_1pm")
    )
    return others.y + offset + heading * others.x - curvature * others.x**2 / 2.0


def _in_the_way(
    recording: Recording, others: OtherActors, aside: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """(N,) gap to the first thing in the ego's lane, a vehicle by its lane, all else by its place, and how
    fast that goes along the road [m, m/s]; infinitely far, and 0, where there is none."""
    gap = np.nan_to_num(recording.column("lead_gap_m", np.float64), nan=np.inf)
    speed = np.nan_to_num(recording.column("lead_speed_mps", np.float64))
    car = VehicleParameters()
    near_side = others.x - others.length / 2.0 - (car.length - car.rear_overhang)
    on_foot = ~np.isin(others.label, (ObjectClass.CAR, ObjectClass.LARGE_VEHICLE))
    there = on_foot & (np.abs(aside) < _WAY) & (near_side > -1.0) & (near_side < _FAR)
    along = others.speed * np.cos(others.heading)
    order = np.flatnonzero(there)[np.argsort(-near_side[there])]  # the nearest is written last
    first, first_speed = np.full(recording.rows, np.inf), np.zeros(recording.rows)
    first[others.row[order]], first_speed[others.row[order]] = near_side[order], along[order]
    nearer = first < gap
    return np.where(nearer, first, gap), np.where(nearer, first_speed, speed)


def _person(rows: int, others: OtherActors, aside: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(N,) distance of the nearest person ahead by the road, and how far to the left; NaN where nobody is."""
    there = (others.label == ObjectClass.PEDESTRIAN) & (np.abs(aside) < _ROADSIDE)
    there &= (others.x > 0.0) & (others.x < _FAR)
    order = np.flatnonzero(there)[np.argsort(-others.x[there])]
    distance, left = np.full(rows, np.inf), np.full(rows, np.nan)
    distance[others.row[order]], left[others.row[order]] = others.x[order], aside[order]
    return distance, left


def _later_speeds(recording: Recording, speed: FloatArray) -> list[FloatArray]:
    """How much faster the expert will be, in units of 5 m/s."""
    time = recording.column("time_s", np.float64)
    expert = recording.column("driver", np.str_) == "expert"
    starts = np.concatenate([[0], recording.episode_ends[:-1]])
    later = [np.full(len(speed), np.nan) for _ in _AHEAD]
    for start, end in zip(starts.tolist(), recording.episode_ends.tolist(), strict=True):
        here = slice(start, end)
        for column, ahead in zip(later, _AHEAD, strict=True):
            column[here] = np.interp(time[here] + ahead, time[here], speed[here], right=np.nan) - speed[here]
    return [np.where(expert, column / 5.0, np.nan) for column in later]
