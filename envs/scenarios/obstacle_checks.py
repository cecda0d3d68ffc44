"""Checks that the obstacles of a scenario file fit on its road."""

from __future__ import annotations

import math
from collections.abc import Sequence

from drive_stack.errors import Keys

from .actors import LaneClosure
from .checks import MIN_DISTANCE, ScenarioContext, place_edges, require_within
from .entries import check_at, must_not_meet_an_end
from .obstacles import Cargo, ObstacleEntry, Solid

MAX_CARGO = 3.2  # length of the longest piece, with a margin [m]


def check_obstacles(obstacles: Sequence[ObstacleEntry], context: ScenarioContext) -> None:
    """Raise `FieldError` for obstacles that extend beyond the road or the lane that they close."""
    for index, obstacle in enumerate(obstacles):
        keys = ("obstacles", index)
        if isinstance(obstacle, LaneClosure):
            _check_closure(obstacle, context, keys)
        elif isinstance(obstacle, Cargo):
            _check_cargo(obstacle, context, keys)
        else:
            _check_solid(obstacle, context, keys)


def _check_closure(closure: LaneClosure, context: ScenarioContext, keys: Keys) -> None:
    length = closure.taper.bounds[1] + closure.length.bounds[1]
    why = f"with taper and length up to {length:g} m, {context.road_end}"
    require_within(closure.at, MIN_DISTANCE, context.ahead - length, why, (*keys, "at"), ("ego", "station"))
    require_within(
        closure.spacing, 1.0, closure.taper.bounds[0], "no more than the taper", (*keys, "spacing")
    )
    must_not_meet_an_end(closure.at, length, context, (*keys, "at"))


def _check_cargo(cargo: Cargo, context: ScenarioContext, keys: Keys) -> None:
    check_at(cargo.at, MAX_CARGO, context, keys)
    low, high = cargo.at.bounds
    context.must_have_lane(cargo.lane, low, high + MAX_CARGO, (*keys, "lane"))
    right, left = place_edges(context, "lane", cargo.lane, low, high + MAX_CARGO)
    half = MAX_CARGO / 2.0
    why = "the cargo stays on the pavement"
    require_within(cargo.offset, half - right, left - half, why, (*keys, "offset"))


def _check_solid(solid: Solid, context: ScenarioContext, keys: Keys) -> None:
    diagonal = math.sqrt(2.0) * solid.size.bounds[1]  # of its outline from above, which may be turned
    check_at(solid.at, diagonal, context, keys)
    low, high = solid.at.bounds
    if solid.place == "lane":
        context.must_have_lane(solid.lane, low, high + diagonal, (*keys, "lane"))
    right, left = place_edges(context, solid.place, solid.lane, low, high + diagonal)
    why = f"a solid up to {solid.size.bounds[1]:g} m long stays on the pavement"
    require_within(solid.offset, diagonal / 2.0 - right, left - diagonal / 2.0, why, (*keys, "offset"))
