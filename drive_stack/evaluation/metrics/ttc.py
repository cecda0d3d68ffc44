"""Time to collision between moving oriented boxes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.geometry import wrap_angles
from drive_stack.types import FloatArray
from drive_stack.world_state import WorldState

HORIZON = 10.0  # longer times to collision say nothing about safety [s]


@dataclass(frozen=True, slots=True)
class MovingBoxes:
    """Boxes in one plane, one row each, moving straight on. Lengths [m], angles [rad]."""

    centre: FloatArray  # (N, 2)
    heading: FloatArray  # (N,)
    velocity: FloatArray  # (N, 2) [m/s]
    length: FloatArray  # (N,)
    width: FloatArray  # (N,)

    def axes(self) -> FloatArray:
        """Unit vectors ``(N, 2, 2)``: row 0 forward, row 1 left."""
        cos, sin = np.cos(self.heading), np.sin(self.heading)
        return np.stack([np.stack([cos, sin], -1), np.stack([-sin, cos], -1)], axis=1)


def times_to_collision(ego: MovingBoxes, others: MovingBoxes) -> FloatArray:
    """When each of ``others`` (N rows) first touches ``ego`` (one row): ``(N,)`` [s], inf if never.

    Separating axes in time: on each axis the boxes' shadows overlap during an interval; the boxes
    touch when all four intervals do (Ericson, Real-Time Collision Detection, 2005, ch. 5.5.8).
    """
    count = len(others.heading)
    own = np.broadcast_to(ego.axes(), (count, 2, 2))
    theirs = others.axes()
    normals = np.concatenate([own, theirs], axis=1)  # (N, 4, 2)
    half_own = np.array([ego.length[0], ego.width[0]]) / 2.0
    half_theirs = np.stack([others.length, others.width], axis=1) / 2.0
    reach = np.abs(np.einsum("nad,nkd->nak", normals, own)) @ half_own + np.einsum(
        "nak,nk->na", np.abs(np.einsum("nad,nkd->nak", normals, theirs)), half_theirs
    )
    gap = np.einsum("nad,nd->na", normals, others.centre - ego.centre)
    closing = np.einsum("nad,nd->na", normals, others.velocity - ego.velocity)
    still = np.abs(closing) < 1e-9
    safe = np.where(still, 1.0, closing)
    first, second = (-reach - gap) / safe, (reach - gap) / safe
    never_or_always = np.where(np.abs(gap) <= reach, -np.inf, np.inf)
    begin = np.where(still, never_or_always, np.minimum(first, second)).max(axis=1)
    end = np.where(still, np.inf, np.maximum(first, second)).min(axis=1)
    begin = np.maximum(begin, 0.0)
    return np.where(begin <= end, begin, np.inf)


def time_to_collision(state: WorldState) -> float:
    """Least time to collision with anything not behind the ego [s]; inf beyond `HORIZON`.

    Everything keeps its speed and its direction relative to the road, so that a bend is no threat
    in itself; positions are stations and laterals. Whoever closes in from behind is left out, as in
    nuPlan's metric.
    """
    others = _others_on_road(state)
    if others is None:
        return float("inf")
    ego = _ego_on_road(state)
    ahead = others.centre[:, 0] > ego.centre[0, 0] - state.car.length / 2.0
    times = times_to_collision(ego, others)[ahead]
    least = float(times.min()) if len(times) else float("inf")
    return least if least <= HORIZON else float("inf")


def _ego_on_road(state: WorldState) -> MovingBoxes:
    ego, car = state.ego, state.car
    centre_x = ego.x + car.centre_ahead * np.cos(ego.yaw)
    centre_y = ego.y + car.centre_ahead * np.sin(ego.yaw)
    station, lateral, road_yaw = state.road.to_road(float(centre_x), float(centre_y), ego.station)
    return _boxes(
        np.array([[station, lateral]]),
        np.array([ego.yaw - road_yaw]),
        np.array([ego.speed]),
        np.array([car.length]),
        np.array([car.width]),
    )


def _others_on_road(state: WorldState) -> MovingBoxes | None:
    """Vehicles, people and obstacles together; None where there is nobody."""
    vehicles, people, things = state.vehicles, state.pedestrians, state.obstacles
    x = np.concatenate([vehicles.x, people.x, things.x])
    if len(x) == 0:
        return None
    y = np.concatenate([vehicles.y, people.y, things.y])
    yaw = np.concatenate([vehicles.yaw, people.yaw, things.yaw])
    near = state.ego.station
    road = np.array([state.road.to_road(float(a), float(b), near) for a, b in zip(x, y, strict=True)])
    return _boxes(
        road[:, :2],
        wrap_angles(yaw - road[:, 2]),
        np.concatenate([vehicles.speed, people.speed, np.zeros(len(things.x))]),
        np.concatenate([vehicles.length, 2.0 * people.radius, things.length]),
        np.concatenate([vehicles.width, 2.0 * people.radius, things.width]),
    )


def _boxes(
    centre: FloatArray, heading: FloatArray, speed: FloatArray, length: FloatArray, width: FloatArray
) -> MovingBoxes:
    velocity = speed[:, None] * np.stack([np.cos(heading), np.sin(heading)], axis=1)
    return MovingBoxes(centre, heading, velocity, length, width)
