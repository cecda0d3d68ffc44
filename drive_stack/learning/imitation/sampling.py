"""Sampling weights of recorded rows: rare events are drawn more often."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drive_stack.datasets.drives.other_actors import OtherActors
from drive_stack.datasets.drives.reader import Recording
from drive_stack.learning.imitation.auxiliary_targets import nearest_pedestrian
from drive_stack.learning.imitation.config import BalanceSettings
from drive_stack.policy.state_vector import lateral_acceleration_of
from drive_stack.vehicle import VehicleParameters

EXPERT = "expert"  # driver's name in recordings
BRAKING, TURNING, SLOW, STARTING = -1.0, 0.5, 3.0, 0.3  # [m/s², m/s², m/s, m/s²]
STUDENT_ERROR = 0.7, 1.5  # lateral and longitudinal difference from the expert [m/s²]
CURVE = 1.5  # [m/s²]
SHARP = 1.0 / 300.0  # curvature [1/m]
REACTION, DECELERATION = 1.0, 2.0  # of the braking distance [s, m/s²]
LOOKBACK = 2  # rows over which changes are measured


def sampling_weights(
    recording: Recording,
    others: OtherActors,
    speed: NDArray[np.float64],
    sideways: NDArray[np.float32],
    acceleration: NDArray[np.float32],
    balance: BalanceSettings,
) -> NDArray[np.float64]:
    """Weight (N,) of each row: that of the rarest event that it belongs to, see `BalanceSettings`.

    ``speed`` is (N,) [m/s]; ``sideways`` and ``acceleration`` are the expert's, (N,) [m/s²].
    """
    curvature = recording.column("curvature_1pm", np.float32)
    road_acceleration = curvature * speed**2
    deviation = sideways - road_acceleration
    turning = np.abs(deviation) > TURNING
    student = recording.column("driver", np.str_) != EXPERT
    changing = _has_changed(deviation, recording, TURNING) | _has_changed(acceleration, recording, -BRAKING)
    applied = lateral_acceleration_of(
        recording.column("applied_steering_rad", np.float64), speed, VehicleParameters()
    )
    error = np.abs(recording.column("applied_acceleration_mps2", np.float32) - acceleration)
    student_error = student & ((np.abs(applied - sideways) > STUDENT_ERROR[0]) | (error > STUDENT_ERROR[1]))
    weight = np.ones(len(speed))
    for is_rare, factor in (
        (acceleration < BRAKING, balance.braking),
        (turning, balance.turning),
        (np.abs(road_acceleration) > CURVE, balance.curve),
        ((speed < SLOW) & (acceleration > STARTING), balance.starting),
        (recording.column("perturbed", np.bool_), balance.perturbed),
        (changing & ~student, balance.changing),
        (student, balance.student),
        (student_error, balance.student_error),
        (nearest_pedestrian(recording, others)[0] < braking_distance(speed), balance.people),
        (np.abs(curvature) > SHARP, balance.sharp_bend),
    ):
        weight[is_rare] = np.maximum(weight[is_rare], factor)
    return weight


def braking_distance(speed: NDArray[np.floating]) -> NDArray[np.float64]:
    """Distance (N,) [m] to stop from ``speed`` (N,) [m/s], with `REACTION` and comfortable `DECELERATION`."""
    return np.asarray(speed * REACTION + speed**2 / (2.0 * DECELERATION), dtype=np.float64)


def _has_changed(values: NDArray[np.floating], recording: Recording, threshold: float) -> NDArray[np.bool_]:
    """Mask (N,) of the rows whose value differs by more than ``threshold`` from `LOOKBACK` rows before.

    These are the keyframes at which repeating the last action is wrong (Wen et al., 2021, "Keyframe-focused
    visual imitation learning").
    """
    changed = np.zeros(len(values), dtype=bool)
    starts = np.concatenate([[0], recording.episode_ends[:-1]])
    for start, end in zip(starts.tolist(), recording.episode_ends.tolist(), strict=True):
        changed[start + LOOKBACK : end] = (
            np.abs(values[start + LOOKBACK : end] - values[start : end - LOOKBACK]) > threshold
        )
    return changed
