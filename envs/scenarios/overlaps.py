"""Refuses entries of a scenario file that stand in one another whatever is drawn."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from drive_stack.errors import FieldError, Keys
from envs.scenarios.actors import Actor, CutOut, LaneClosure, LaneName, Lead, Queue, Stopped
from envs.scenarios.checks import EGO_FRONT, ScenarioContext
from envs.scenarios.entries import QUEUE_STAGGER, bodies_named


@dataclass(frozen=True, slots=True)
class _Span:
    """What an entry takes of a lane as the episode begins, in metres ahead of the ego's start."""

    place: Keys  # of the key that says where
    lane: LaneName | None  # None: all main lanes
    rear: tuple[float, float]  # least and greatest
    length: float  # least

    def always_meets(self, other: _Span) -> bool:
        """Whether the two overlap along the road for every draw."""
        return self.rear[1] < other.rear[0] + other.length and other.rear[1] < self.rear[0] + self.length


def check_overlaps(
    actors: Sequence[Actor], closures: Sequence[LaneClosure], context: ScenarioContext
) -> None:
    """Refuse two entries that always overlap in a lane; `envs.occupancy` holds the drawn places."""
    by_speed = [list(_spans(actors, closures, speed)) for speed in context.speed]
    for first, second in itertools.combinations(range(len(by_speed[0])), 2):
        if all(spans[first].always_meets(spans[second]) for spans in by_speed):
            one, other = by_speed[0][first], by_speed[0][second]
            if _owner(one) != _owner(other) and _same_lane(one, other, context):
                raise FieldError(f"overlaps {_owner(one)}: both are in one lane", other.place, one.place)


def _spans(actors: Sequence[Actor], closures: Sequence[LaneClosure], speed: float) -> Iterator[_Span]:
    """The spans where the ego begins with ``speed`` [m/s]."""
    for index, actor in enumerate(actors):
        place = ("actors", index, "at")
        if isinstance(actor, Lead):
            gap, headway = (given.bounds if given else (0.0, 0.0) for given in (actor.gap, actor.headway))
            rear = [EGO_FRONT + max(gap[side], headway[side] * speed) for side in (0, 1)]
            key = "gap" if actor.gap is not None else "headway"
            yield _Span(("actors", index, key), actor.lane, (rear[0], rear[1]), _shortest(actor.body))
        elif isinstance(actor, Stopped) and actor.place == "lane":
            yield _Span(place, actor.lane, actor.at.bounds, _shortest(actor.body))
        elif isinstance(actor, CutOut):
            yield _Span(place, "ego", actor.at.bounds, _shortest(None))
            low, high = (EGO_FRONT + bound * speed for bound in actor.headway.bounds)
            yield _Span(("actors", index, "headway"), "ego", (low, high), _shortest(actor.body))
        elif isinstance(actor, Queue) and actor.per_lane.bounds[0] >= 1.0:
            count, low, high = actor.per_lane.bounds[0], *actor.at.bounds
            length = count * _shortest(None) + (count - 1.0) * actor.spacing.bounds[0]
            yield _Span(place, None, (low, high + QUEUE_STAGGER), length)
    for index, closure in enumerate(closures):
        length = closure.taper.bounds[0] + closure.length.bounds[0]
        yield _Span(("obstacles", index, "at"), closure.lane, closure.at.bounds, length)


def _shortest(name: str | None) -> float:
    return min(body.length[0] for body in bodies_named(name))


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
