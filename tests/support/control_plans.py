"""Plans for the tests of controllers."""

from __future__ import annotations

import dataclasses

import numpy as np

from drive_stack.types import Behaviour, FloatArray, Plan

TIMES = np.linspace(0.0, 4.0, 41)


def arc_plan(
    radius: float, speed: float, offset: float = 0.0, heading: float = 0.0, **changes: object
) -> Plan:
    """A plan on an arc at constant speed.

    The car is ``offset`` [m] to its left and turned by ``heading`` [rad].
    """
    angle = speed * TIMES / radius
    chords = np.stack([radius * np.sin(angle), radius * (1.0 - np.cos(angle)) - offset], axis=1)
    cos, sin = np.cos(-heading), np.sin(-heading)
    values: dict[str, object] = {
        "times": TIMES,
        "positions": chords @ np.array([[cos, sin], [-sin, cos]]),
        "headings": angle - heading,
        "curvatures": np.full(len(TIMES), 1.0 / radius),
        "speeds": np.full(len(TIMES), speed),
        "accelerations": np.zeros(len(TIMES)),
        "behaviour": Behaviour.CRUISE,
        "reason": "",
    }
    return Plan(**(values | changes))  # type: ignore[arg-type]


def mirrored(plan: Plan) -> Plan:
    """The mirrored plan."""
    return dataclasses.replace(
        plan,
        positions=plan.positions * np.array([1.0, -1.0]),
        headings=-plan.headings,
        curvatures=-plan.curvatures,
    )


def speed_plan(speed: float, acceleration: float, target: float, jerk: float, **changes: object) -> Plan:
    """A straight plan from an acceleration at ``jerk`` to a constant ``target`` [m/s²], or a standstill."""
    change = target - acceleration
    duration = abs(change) / jerk
    accelerations = np.where(
        duration > TIMES, acceleration + np.sign(change) * jerk * np.minimum(TIMES, duration), target
    )
    speeds: FloatArray = speed + np.concatenate(
        [[0.0], np.cumsum((accelerations[1:] + accelerations[:-1]) / 2.0 * np.diff(TIMES))]
    )
    is_standing = np.logical_or.accumulate((speeds <= 1e-9) & (TIMES > 0.0))
    values: dict[str, object] = {
        "speeds": np.where(is_standing, 0.0, np.maximum(speeds, 0.0)),
        "accelerations": np.where(is_standing, 0.0, accelerations),
    }
    return arc_plan(1e9, 0.0, **(values | changes))
