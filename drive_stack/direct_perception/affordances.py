"""Affordances: what a driver has to know about the road ahead, as few numbers.

After Chen et al., 2015, "DeepDriving: learning affordance for direct perception in autonomous driving", with
persons, the end of a lane and the shape of the road in addition. An affordance that does not hold now, such
as the gap in a lane without a vehicle, is None.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drive_stack.types import FloatArray

KNOTS = (0.0, 30.0, 60.0, 100.0)  # distances ahead of the rear axle at which the curvature is known [m]
GRADE_LENGTH = 50.0  # of the road over which its grade is measured [m]
LANES = ("left", "own", "right")
MAX_DISTANCE = 150.0  # of vehicles, persons and lane ends [m]
_HALF = 20.0  # distance at which its code is ln 2 [m]


@dataclass(frozen=True, slots=True)
class LeadAffordance:
    """The first vehicle or obstacle ahead in a lane."""

    gap: float  # along the lane, from the ego's front to its rear, ≥ 0 [m]
    closing: float  # speed of the ego minus its speed along the lane [m/s]


@dataclass(frozen=True, slots=True)
class PersonAffordance:
    """The nearest person, cyclist or animal ahead, on the road or next to it."""

    distance: float  # along the lane, from the ego's front, ≥ 0 [m]
    lateral: float  # left of the centre of the ego's lane [m]
    lateral_speed: float  # positive to the left [m/s]


@dataclass(frozen=True, slots=True)
class Affordances:
    """All affordances of one moment."""

    in_lane: float  # probability that the ego is in a lane, to which the next values refer, 0 … 1
    offset: float  # of the rear axle to the left of the centre of the ego's lane [m]
    heading: float  # ego yaw minus lane direction [rad]
    curvature: tuple[float, ...]  # of the lane at the first ones of `KNOTS` that are seen, at least one [1/m]
    grade: float  # of the next `GRADE_LENGTH`, relative to the road under the ego, positive uphill
    left: bool  # there is a lane on the left that may be entered
    right: bool
    ends_in: float | None  # distance from the rear axle to the end of the ego's lane [m]
    leads: tuple[LeadAffordance | None, LeadAffordance | None, LeadAffordance | None]  # in each of `LANES`
    person: PersonAffordance | None


# --- as numbers, for a network ----------------------------------------------------------------

FLAGS = (
    "in a lane",
    *(f"{knot:.0f} m of road seen" for knot in KNOTS[1:]),
    "left lane",
    "right lane",
    "lane ends",
    *(f"{lane} lead" for lane in LANES),
    "person",
)
_KNOT, _LEFT, _RIGHT, _END = 1, len(KNOTS), len(KNOTS) + 1, len(KNOTS) + 2  # indices into `FLAGS`
_LEAD, _PERSON = _END + 1, _END + 1 + len(LANES)
VALUES = (
    "offset",
    "heading",
    *(f"curvature {knot:.0f} m ahead" for knot in KNOTS),
    "grade",
    "lane end",
    *(f"{lane} {name}" for lane in LANES for name in ("gap", "closing speed")),
    "person distance",
    "person lateral",
    "person lateral speed",
)
_CURVATURE, _GRADE = slice(2, 2 + len(KNOTS)), 2 + len(KNOTS)
_FLAG_OF_VALUE = np.array(
    [0, 0, 0, *range(_KNOT, len(KNOTS)), 0, _END]
    + [_LEAD + lane for lane in range(len(LANES)) for _ in range(2)]
    + [_PERSON] * 3
)  # index of the flag that says whether each value holds, (V,)
# every value is divided by its scale; distances are coded as ln(1 + d / 20 m), whose error is a relative one
_SCALE = np.array([1.0, 0.05, *(0.004 for _ in KNOTS), 0.03, 1.0, *(1.0, 10.0) * len(LANES), 1.0, 3.0, 1.5])
_IS_DISTANCE = np.array([name == "lane end" or name.endswith(("gap", "distance")) for name in VALUES])
SIZE = len(VALUES) + len(FLAGS)


@dataclass(frozen=True, slots=True)
class AffordanceVector:
    """Affordances as numbers: V values, scaled to order 1, and F flags."""

    values: NDArray[np.float32]  # (V,) see `VALUES`; NaN where its flag is 0
    flags: NDArray[np.float32]  # (F,) see `FLAGS`: 0 or 1, or a probability


def vector_of(affordances: Affordances) -> AffordanceVector:
    """Write affordances as numbers, the targets of a network."""
    values, flags = np.full(len(VALUES), np.nan), np.zeros(len(FLAGS))
    curvature = affordances.curvature
    flags[0] = affordances.in_lane
    flags[_KNOT : _KNOT + len(curvature) - 1] = 1.0
    flags[_LEFT], flags[_RIGHT] = affordances.left, affordances.right
    values[:2] = affordances.offset, affordances.heading
    values[2 : 2 + len(curvature)] = curvature
    values[_GRADE] = affordances.grade
    if affordances.ends_in is not None:
        flags[_END], values[_GRADE + 1] = 1.0, affordances.ends_in
    for lane, lead in enumerate(affordances.leads):
        if lead is not None:
            flags[_LEAD + lane] = 1.0
            first = _GRADE + 2 + 2 * lane
            values[first : first + 2] = lead.gap, lead.closing
    if affordances.person is not None:
        person = affordances.person
        flags[_PERSON] = 1.0
        values[-3:] = person.distance, person.lateral, person.lateral_speed
    known = flags[_FLAG_OF_VALUE] > 0.0
    return AffordanceVector(
        np.where(known, _coded(values), np.nan).astype(np.float32), flags.astype(np.float32)
    )


def affordances_of(vector: AffordanceVector) -> Affordances:
    """Read affordances from numbers, such as a network's outputs; a flag of at least one half is set."""
    values, is_set = _decoded(vector.values.astype(np.float64)), vector.flags >= 0.5
    seen = 1 + int(np.cumprod(is_set[_KNOT : len(KNOTS)]).sum())
    leads = tuple(
        LeadAffordance(max(float(gap), 0.0), float(closing)) if is_set[_LEAD + lane] else None
        for lane, (gap, closing) in enumerate(values[_GRADE + 2 : -3].reshape(len(LANES), 2))
    )
    person = None
    if is_set[_PERSON]:
        person = PersonAffordance(max(float(values[-3]), 0.0), float(values[-2]), float(values[-1]))
    return Affordances(
        in_lane=float(vector.flags[0]),
        offset=float(values[0]),
        heading=float(values[1]),
        curvature=tuple(values[_CURVATURE][:seen].tolist()),
        grade=float(values[_GRADE]),
        left=bool(is_set[_LEFT]),
        right=bool(is_set[_RIGHT]),
        ends_in=max(float(values[_GRADE + 1]), 0.0) if is_set[_END] else None,
        leads=(leads[0], leads[1], leads[2]),
        person=person,
    )


def _coded(values: FloatArray) -> FloatArray:
    distances = np.log1p(np.maximum(values, 0.0) / _HALF)
    return np.asarray(np.where(_IS_DISTANCE, distances, values) / _SCALE)


def _decoded(coded: FloatArray) -> FloatArray:
    values = coded * _SCALE
    return np.asarray(np.where(_IS_DISTANCE, _HALF * np.expm1(np.clip(values, 0.0, 3.0)), values))
