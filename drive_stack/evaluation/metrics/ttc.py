"""Time to collision between moving oriented boxes."""

from __future__ import annotations

import numpy as np

from drive_stack.evaluation.on_road import MovingBoxes, OnRoad
from drive_stack.types import FloatArray

HORIZON = 10.0  # longer times to collision say nothing about safety [s]


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


def time_to_collision(scene: OnRoad) -> float:
    """Least time to collision with anything not behind the ego [s]; inf beyond `HORIZON`.

    Everything keeps its speed and its direction relative to the road. Whoever closes in from behind is
    left out, as in nuPlan's metric.
    """
    ahead = scene.others.centre[:, 0] > scene.ego.centre[0, 0] - scene.ego.length[0] / 2.0
    times = times_to_collision(scene.ego, scene.others)[ahead]
    least = float(times.min()) if len(times) else float("inf")
    return least if least <= HORIZON else float("inf")
