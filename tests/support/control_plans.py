"""Plans for controllers to follow."""

from __future__ import annotations

import dataclasses

import numpy as np

from drive_stack.types import Behaviour, FloatArray, Plan

TIMES = np.linspace(0.0, 4.0, 41)


def arc_plan(
    radius: float, speed: float, aside: float = 0.0, heading: float = 0.0, **changes: object
) -> Plan:
    """An arc at a steady speed; the car is ``aside`` [m] to its left, and turned from it by ``heading``."""
    angle = speed * TIMES / radius
    chords = np.stack([radius * np.sin(angle), radius * (1.0 - np.cos(angle)) - aside], axis=1)
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
    """The same, left for right."""
    return dataclasses.replace(
        plan,
        positions=plan.positions * np.array([1.0, -1.0]),
        headings=-plan.headings,
        curvatures=-plan.curvatures,
    )


def speed_plan(speed: float, acceleration: float, target: float, jerk: float, **changes: object) -> Plan:
    """Straight on, from an acceleration at ``jerk`` to a steady ``target`` [m/s²], standing at the end."""
    rise = target - acceleration
    needed = abs(rise) / jerk
    accelerations = np.where(
        needed > TIMES, acceleration + np.sign(rise) * jerk * np.minimum(TIMES, needed), target
    )
    speeds: FloatArray = speed + np.concatenate(
        [[0.0], np.cumsum((accelerations[1:] + accelerations[:-1]) / 2.0 * np.diff(TIMES))]
    )
    stands = np.logical_or.accumulate((speeds <= 1e-9) & (TIMES > 0.0))
    values: dict[str, object] = {
        "speeds": np.where(stands, 0.0, np.maximum(speeds, 0.0)),
        "accelerations": np.where(stands, 0.0, accelerations),
    }
    return arc_plan(1e9, 0.0, **(values | changes))
