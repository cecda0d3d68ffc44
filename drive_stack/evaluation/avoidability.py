"""Whether a careful driver in the ego's place would have avoided a collision.

The reference driver is that of UN R157, annex 4, appendix 3 (as coded in esmini's ALKS_R157SM): it weighs a
risk for 0.4 s, from a car beside it once that has come 0.375 m nearer; 0.75 s later it brakes with 0.774 g,
reached at 12.65 m/s³, and keeps its lane. It is replayed on the same episode: the other road user does what
it did, and goes straight on from where its record ends.

The regulation's risk shows at a time to collision of 2 s. A standing car in the lane shows much earlier, and
nobody would call it unavoidable at 130 km/h. Here a risk shows once the other, in sight, is in the ego's path
or on its way into it, and the gap closes within `HORIZON`; or, as in the regulation, closes at all while the
ego follows less than 2 s behind. Less than 1 s behind is a risk in itself: who tailgates is not excused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from drive_stack.evaluation.metrics.ttc import HORIZON, times_to_collision
from drive_stack.evaluation.on_road import MovingBoxes, OnRoad
from drive_stack.types import FloatArray

WANDERING = 0.375  # sideways, before a car beside the ego is taken to cut in [m]
PERCEPTION = 0.4  # to weigh the risk [s]
REACTION = 0.75  # from then until the brakes begin to bite [s]
BRAKING = 0.774 * 9.81  # [m/s²]
JERK = 12.65  # [m/s³]
AFTER = 6.0  # replayed beyond the collision, for a reference that is late [s]
STEP = 0.05  # of the replay [s]
SEEN_OVER = 2.0  # shorter things, such as people and cones, hide nobody, and have no lane to wander in [m]
CRITICAL_GAP = 2.0  # time gap below which any closing is a risk (the regulation's critical THW) [s]
LEAST_GAP = 1.0  # time gap below which nobody may follow (UN R157, 5.2.3.3, at the least speed) [s]


def cut_in_avoidable(time_to_collision: float, closing: float) -> bool:
    """The regulation's own rule for a cut-in (UN R157, 5.2.5.2): TTC > v_rel / (2 · 6 m/s²) + 0.35 s."""
    return time_to_collision > closing / (2.0 * 6.0) + 0.35


@dataclass(frozen=True, slots=True)
class _Track:
    """A box's course: times (T,), stations, laterals, headings (T,), and its size."""

    time: FloatArray
    station: FloatArray
    lateral: FloatArray
    heading: FloatArray
    speed: FloatArray
    size: tuple[float, float]

    def at(self, time: float) -> MovingBoxes:
        """The box at a time; beyond the record it goes straight on."""
        late = max(time - float(self.time[-1]), 0.0)
        heading = float(np.interp(time, self.time, self.heading))
        ahead = late * float(self.speed[-1])
        centre = [
            float(np.interp(time, self.time, self.station)) + ahead * np.cos(heading),
            float(np.interp(time, self.time, self.lateral)) + ahead * np.sin(heading),
        ]
        return _box(centre, heading, self.size)


def avoidable(scenes: Sequence[OnRoad], actor: int) -> bool:
    """Whether the reference driver would not have touched ``actor``.

    ``scenes`` are the last seconds before the collision, the last one at or after it.
    """
    other = _track(scenes, actor)
    if other is None:
        return True
    shows = _risk_shows(scenes, actor)
    ego = scenes[shows].ego
    size = (float(ego.length[0]), float(ego.width[0]))
    begin, station = scenes[shows].time, float(ego.centre[0, 0])
    brakes = _noticed(scenes[shows:], actor) + PERCEPTION + REACTION
    lateral, speed = float(ego.centre[0, 1]), float(np.hypot(*ego.velocity[0]))
    braking = 0.0
    for time in np.arange(begin, scenes[-1].time + AFTER, STEP).tolist():
        if _touch(_box([station, lateral], 0.0, size), other.at(time)):
            return False
        if time >= brakes:
            braking = min(braking + JERK * STEP, BRAKING)
        speed = max(speed - braking * STEP, 0.0)
        station += speed * STEP
        if speed == 0.0:
            return True
    return True


def _risk_shows(scenes: Sequence[OnRoad], actor: int) -> int:
    """Where the stretch of risk begins that lasts until the end."""
    first = len(scenes) - 1
    for index in range(len(scenes) - 1, -1, -1):
        row = np.flatnonzero(scenes[index].ids == actor)
        if len(row) == 0 or not _risky(scenes[index], int(row[0])):
            break
        first = index
    return first


def _noticed(scenes: Sequence[OnRoad], actor: int) -> float:
    """When the reference driver begins to weigh the risk that shows in the first scene [s]."""
    start: float | None = None
    for scene in scenes:
        row = np.flatnonzero(scene.ids == actor)
        if len(row) == 0:
            continue
        other = _row(scene.others, int(row[0]))
        lateral = float(other.centre[0, 1])
        start = lateral if start is None else start
        wandered = abs(lateral - start) >= WANDERING
        if wandered or other.length[0] <= SEEN_OVER or _room(scene.ego, other)[1] <= 0.0:
            return scene.time
    return scenes[-1].time


def _risky(scene: OnRoad, row: int) -> bool:
    """In sight, in the path or coming into it, and nearing; one that enters the path may stay there."""
    other, ego = _row(scene.others, row), scene.ego
    apart = other.centre[0] - ego.centre[0]
    nearing = -np.sign(apart) * (other.velocity[0] - ego.velocity[0])
    room = _room(ego, other)
    time = [
        0.0 if gap <= 0.0 else gap / pace if pace > 0.0 else np.inf
        for gap, pace in zip(room, nearing, strict=True)
    ]
    follows = apart[0] > 0.0 and room[1] <= 0.0
    least = CRITICAL_GAP if nearing[0] > 0.0 else LEAST_GAP
    close = follows and room[0] < least * ego.velocity[0, 0]
    return bool(max(time) <= HORIZON or close) and not _hidden(scene, row)


def _room(ego: MovingBoxes, other: MovingBoxes) -> FloatArray:
    """(2,) gaps along and across the road, negative where the boxes' shadows overlap [m]."""
    sizes = np.array([other.length[0] + ego.length[0], other.width[0] + ego.width[0]])
    return np.asarray(np.abs(other.centre[0] - ego.centre[0]) - sizes / 2.0, dtype=np.float64)


def _hidden(scene: OnRoad, row: int) -> bool:
    """Whether another box stands between the ego's middle and that of ``row``, seen from above."""
    others = scene.others
    eye, target = scene.ego.centre[0], others.centre[row]
    axes = others.axes()  # of each box: forward, left
    begin = np.einsum("nkd,nd->nk", axes, eye - others.centre)
    way = np.einsum("nkd,d->nk", axes, target - eye)
    half = np.stack([others.length, others.width], axis=1) / 2.0
    safe = np.where(np.abs(way) < 1e-9, 1e-9, way)
    enter = np.minimum((-half - begin) / safe, (half - begin) / safe).max(axis=1)
    leave = np.maximum((-half - begin) / safe, (half - begin) / safe).min(axis=1)
    between = (enter <= leave) & (enter > 0.0) & (leave < 1.0)
    between[row] = False
    return bool(np.any(between & (others.length > SEEN_OVER)))


def _track(scenes: Sequence[OnRoad], actor: int) -> _Track | None:
    rows = [(scene, np.flatnonzero(scene.ids == actor)) for scene in scenes]
    seen = [(scene.time, _row(scene.others, int(row[0]))) for scene, row in rows if len(row)]
    if not seen:
        return None
    boxes = [box for _, box in seen]
    return _Track(
        time=np.array([time for time, _ in seen]),
        station=np.array([box.centre[0, 0] for box in boxes]),
        lateral=np.array([box.centre[0, 1] for box in boxes]),
        heading=np.unwrap([box.heading[0] for box in boxes]),
        speed=np.array([np.hypot(*box.velocity[0]) for box in boxes]),
        size=(float(boxes[0].length[0]), float(boxes[0].width[0])),
    )


def _row(boxes: MovingBoxes, index: int) -> MovingBoxes:
    keep = slice(index, index + 1)
    return MovingBoxes(
        boxes.centre[keep], boxes.heading[keep], boxes.velocity[keep], boxes.length[keep], boxes.width[keep]
    )


def _box(centre: Sequence[float], heading: float, size: tuple[float, float]) -> MovingBoxes:
    return MovingBoxes(
        np.array([centre], dtype=np.float64),
        np.array([heading]),
        np.zeros((1, 2)),
        np.array([size[0]]),
        np.array([size[1]]),
    )


def _touch(first: MovingBoxes, second: MovingBoxes) -> bool:
    return bool(times_to_collision(first, second)[0] == 0.0)
