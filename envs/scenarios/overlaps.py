"""Checks for entries of a scenario file that overlap in every draw."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from drive_stack.errors import FieldError, Keys

from .actors import Actor, CutOut, LaneClosure, LaneName, Lead, Queue, Stopped
from .checks import EGO_FRONT, ScenarioContext
from .entries import QUEUE_STAGGER, candidate_bodies
from .obstacles import ObstacleEntry


@dataclass(frozen=True, slots=True)
class _Span:
    """The segment of a lane that an entry occupies at the start, in metres ahead of the ego's start."""

    place: Keys  # the key that gives the position
    lane: LaneName | None  # None: all main lanes
    rear: tuple[float, float]  # minimum and maximum
    length: float  # minimum

    def always_overlaps(self, other: _Span) -> bool:
        """Whether the two overlap along the road for every draw."""
        return self.rear[1] < other.rear[0] + other.length and other.rear[1] < self.rear[0] + self.length


def check_overlaps(
    actors: Sequence[Actor], obstacles: Sequence[ObstacleEntry], context: ScenarioContext
) -> None:
    """Raise `FieldError` for two entries that always overlap; `envs.occupancy` checks the drawn places."""
    by_speed = [list(_spans(actors, obstacles, speed)) for speed in context.speed]
    for first, second in itertools.combinations(range(len(by_speed[0])), 2):
        if all(spans[first].always_overlaps(spans[second]) for spans in by_speed):
            first_span, second_span = by_speed[0][first], by_speed[0][second]
            if _owner(first_span) != _owner(second_span) and _same_lane(first_span, second_span, context):
                message = f"overlaps {_owner(first_span)}: both are in one lane"
                raise FieldError(message, second_span.place, first_span.place)


def _spans(actors: Sequence[Actor], obstacles: Sequence[ObstacleEntry], speed: float) -> Iterator[_Span]:
    """The spans of all entries if the ego starts with ``speed`` [m/s]."""
    for index, actor in enumerate(actors):
        place = ("actors", index, "at")
        if isinstance(actor, Lead) and actor.appears_at is None:
            gap, headway = (
                quantity.bounds if quantity else (0.0, 0.0) for quantity in (actor.gap, actor.headway)
            )
            rear = [EGO_FRONT + max(gap[side], headway[side] * speed) for side in (0, 1)]
            key = "gap" if actor.gap is not None else "headway"
            yield _Span(("actors", index, key), actor.lane, (rear[0], rear[1]), _min_length(actor.body))
        elif isinstance(actor, Stopped) and actor.place == "lane":
            yield _Span(place, actor.lane, actor.at.bounds, _min_length(actor.body))
        elif isinstance(actor, CutOut):
            yield _Span(place, "ego", actor.at.bounds, _min_length(None))
            low, high = (EGO_FRONT + bound * speed for bound in actor.headway.bounds)
            yield _Span(("actors", index, "headway"), "ego", (low, high), _min_length(actor.body))
        elif isinstance(actor, Queue) and actor.per_lane.bounds[0] >= 1.0:
            count, low, high = actor.per_lane.bounds[0], *actor.at.bounds
            length = count * _min_length(None) + (count - 1.0) * actor.spacing.bounds[0]
            yield _Span(place, None, (low, high + QUEUE_STAGGER), length)
    for index, closure in enumerate(obstacles):
        if isinstance(closure, LaneClosure):
            length = closure.taper.bounds[0] + closure.length.bounds[0]
            yield _Span(("obstacles", index, "at"), closure.lane, closure.at.bounds, length)


def _min_length(name: str | None) -> float:
    return min(body.length[0] for body in candidate_bodies(name))


def _owner(span: _Span) -> str:
    return ".".join(str(key) for key in span.place[:2])


def _same_lane(one: _Span, other: _Span, context: ScenarioContext) -> bool:
    near, far = context.stations(
        min(one.rear[0], other.rear[0]), max(span.rear[1] + span.length for span in (one, other))
    )

    if one.lane is None or other.lane is None:
        return True
    indices = [
        (layout.index(one.lane, near, far), layout.index(other.lane, near, far)) for layout in context.layouts
    ]
    return all(first is not None and first == second for first, second in indices)
