"""Time to collision between moving oriented boxes, and the checks of nuPlan and NAVSIM built on it."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np

from drive_stack.evaluation.road_scene import MovingBoxes, RoadScene, bearings, may_touch
from drive_stack.types import FloatArray

HORIZON = 10.0  # longer times to collision say nothing about safety [s]
AHEAD, BEHIND = np.deg2rad(30.0), np.deg2rad(150.0)  # bearing from the rear axle (nuPlan, NAVSIM) [rad]
STANDING_EGO = 0.005  # slower than this the ego is never at risk (nuPlan, NAVSIM) [m/s]
NUPLAN_STEP, NUPLAN_HORIZON = 0.1, 3.0  # nuPlan projects both boxes in such steps, so far [s]
NAVSIM_PROJECTIONS = (0.0, 0.3, 0.6, 0.9)  # NAVSIM projects the ego by these times [s]


def contact_intervals(ego: MovingBoxes, others: MovingBoxes) -> tuple[FloatArray, FloatArray]:
    """From when to when each of ``others`` (N rows) touches ``ego`` (one row): two ``(N,)`` [s].

    All keep their speed. Times before now are negative; ``(inf, -inf)`` where the boxes never touch.
    Separating axes in time: on each axis the boxes' shadows overlap during an interval; the boxes touch
    during the intersection of all four intervals (Ericson, Real-Time Collision Detection, 2005, ch. 5.5.8).
    """
    count = len(others.heading)
    own = np.broadcast_to(ego.axes(), (count, 2, 2))
    axes = others.axes()
    normals = np.concatenate([own, axes], axis=1)  # (N, 4, 2)
    half_own = np.array([ego.length[0], ego.width[0]]) / 2.0
    half_others = np.stack([others.length, others.width], axis=1) / 2.0
    extent = np.abs(np.einsum("nad,nkd->nak", normals, own)) @ half_own + np.einsum(
        "nak,nk->na", np.abs(np.einsum("nad,nkd->nak", normals, axes)), half_others
    )
    gap = np.einsum("nad,nd->na", normals, others.centre - ego.centre)
    closing = np.einsum("nad,nd->na", normals, others.velocity - ego.velocity)
    still = np.abs(closing) < 1e-9
    safe = np.where(still, 1.0, closing)
    first, second = (-extent - gap) / safe, (extent - gap) / safe
    never_or_always = np.where(np.abs(gap) <= extent, -np.inf, np.inf)
    start = np.where(still, never_or_always, np.minimum(first, second)).max(axis=1)
    end = np.where(still, -never_or_always, np.maximum(first, second)).min(axis=1)
    meets = start <= end
    return np.where(meets, start, np.inf), np.where(meets, end, -np.inf)


def times_to_collision(ego: MovingBoxes, others: MovingBoxes) -> FloatArray:
    """When each of ``others`` (N rows) first touches ``ego`` (one row): ``(N,)`` [s], inf if never."""
    start, end = contact_intervals(ego, others)
    return np.where(end >= 0.0, np.maximum(start, 0.0), np.inf)


def time_to_collision(scene: RoadScene) -> float:
    """Minimum time to collision with anything not behind the ego [s]; inf beyond `HORIZON`.

    Everything keeps its speed and its direction relative to the road. This is the time that is reported;
    the schemes use the checks below.
    """
    ahead = scene.others.centre[:, 0] > scene.ego.centre[0, 0] - scene.ego.length[0] / 2.0
    times = times_to_collision(scene.ego, scene.others)[ahead]
    minimum = float(times.min()) if len(times) else float("inf")
    return minimum if minimum <= HORIZON else float("inf")


def nuplan_time_to_collision(
    scene: RoadScene, centre_ahead: float, *, between_lanes: bool, collided: frozenset[int]
) -> float:
    """nuPlan's time to collision at one instant [s], a multiple of 0.1 s below 3 s; inf where there is none.

    Only actors in the cone of 30° ahead of the rear axle count, and where the ego is not inside one lane
    (``between_lanes``) all that are not within 30° behind it. A standing ego is not at risk, and actors
    that it has ``collided`` with are left out (nuplan-devkit, ``time_to_collision_within_bound.py``).
    """
    if _speed(scene.ego) <= STANDING_EGO:
        return float("inf")
    angles = bearings(scene.ego, scene.others, centre_ahead)
    counts = (angles < AHEAD) | (between_lanes & (angles <= BEHIND))
    counts &= may_touch(scene.ego, scene.others, NUPLAN_HORIZON)
    if collided:
        counts &= ~np.isin(scene.ids, list(collided))
    if not counts.any():
        return float("inf")
    start, end = contact_intervals(scene.ego, scene.others.rows(counts))
    steps = np.maximum(np.ceil(start / NUPLAN_STEP - 1e-9), 1.0)
    times = steps * NUPLAN_STEP
    times = times[(times <= end + 1e-9) & (times < NUPLAN_HORIZON - 1e-9)]
    return float(times.min()) if len(times) else float("inf")


@dataclass(frozen=True, slots=True)
class _Instant:
    scene: RoadScene
    between_lanes: bool


@dataclass(slots=True)
class NavsimTimeToCollision:
    """NAVSIM's time-to-collision check, fed with one instant after the other.

    From each instant the ego moves straight on for 0, 0.3, 0.6 and 0.9 s and is compared with the
    recorded positions of the others at that time. Touching an actor ahead (or not behind, while the ego is
    between lanes) is a violation; any other actor that it touches is ignored from then on. A standing
    ego is not at risk (navsim, ``pdm_scorer.py``, ``_calculate_ttc``). Projections beyond the end of the log
    are left out.

    Who is ahead is evaluated now, as in nuPlan. NAVSIM's code takes the bearing from the ego's present pose
    to the other's later position, by which at speed a car that drives abreast counts as ahead.
    """

    dt: float  # between two instants [s]
    centre_ahead: float  # from the ego's rear axle to its centre [m]
    _pending: deque[_Instant] = field(default_factory=deque)  # not yet evaluated, oldest first
    _ignored: set[int] = field(default_factory=set)
    _violated: bool = False

    def add(self, scene: RoadScene, *, between_lanes: bool) -> None:
        """Take the next instant."""
        self._pending.append(_Instant(scene, between_lanes))
        if len(self._pending) > round(NAVSIM_PROJECTIONS[-1] / self.dt):
            self._violated |= self._violates(tuple(self._pending), self._ignored)
            self._pending.popleft()

    @property
    def within_bound(self) -> bool:
        """Whether there is no violation up to the last instant."""
        ignored = set(self._ignored)
        rest = (
            self._violates(tuple(islice(self._pending, first, None)), ignored)
            for first in range(len(self._pending))
        )
        return not (self._violated or any(rest))

    def _violates(self, instants: Sequence[_Instant], ignored: set[int]) -> bool:
        """Whether the projected ego of the first instant violates the check; adds actors to ``ignored``."""
        now = instants[0]
        ego = now.scene.ego
        if _speed(ego) < STANDING_EGO:
            return False
        for projection in NAVSIM_PROJECTIONS:
            step = round(projection / self.dt)
            if step >= len(instants):
                break
            later = instants[step].scene
            moved = replace(ego, centre=ego.centre + (later.time - now.scene.time) * ego.velocity)
            near = may_touch(moved, later.others, 0.0)
            if not near.any():
                continue
            start, end = contact_intervals(moved, later.others.rows(near))
            current = bearings(ego, now.scene.others, self.centre_ahead)
            angles = dict(zip(now.scene.ids.tolist(), current.tolist(), strict=True))
            for actor in later.ids[near][(start <= 0.0) & (end >= 0.0)].tolist():
                if actor in ignored or actor not in angles:
                    continue
                if angles[actor] < AHEAD or (now.between_lanes and angles[actor] <= BEHIND):
                    return True
                ignored.add(actor)
        return False


def _speed(ego: MovingBoxes) -> float:
    return float(np.hypot(*ego.velocity[0]))
