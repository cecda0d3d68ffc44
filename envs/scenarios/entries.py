"""Checks that each entry of a scenario file (vehicles, pedestrians) fits on its road."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from drive_stack.errors import FieldError, Keys
from drive_stack.types import ObjectClass
from drive_stack.vehicle import DRY_GRIP, VehicleParameters

from ..bodies import BODIES, Body, ordinary_bodies
from ..contacts import RAIL_BEYOND_PAVEMENT
from ..lane_change import min_change_duration
from .actors import Actor, BlindMerge, CutIn, CutOut, Drift, LaneName, Lead, Queue, Stopped
from .animals import AnimalEntry, StandingAnimal
from .checks import (
    EGO_FRONT,
    MAX_BEYOND_PAVEMENT,
    MIN_DISTANCE,
    ScenarioContext,
    place_edges,
    require_within,
    right_edge,
)
from .late import check_late
from .pedestrians import Bystanders, Crosser, Cyclist, Hiding, PedestrianEntry, Walker
from .quantity import Quantity, between

MAX_SCRIPTED = 160  # vehicles; four lanes of the longest queue
QUEUE_STAGGER = 8.0  # maximum distance between the tails of two lanes of a queue [m]
MIN_CUT_IN_SPEED = 5.0 / 3.6  # a stationary vehicle cannot change lanes [m/s]
_PEDESTRIAN_RADIUS = 0.3  # [m]
_CYCLIST_HALF_WIDTH = 0.3  # [m]
STEP_OUT_GAP = 0.8  # of a hidden pedestrian from the front of the parked vehicle [m]
PARKED_GAP = 1.0  # between two vehicles parked in a row [m]
_CAR = VehicleParameters()


def candidate_bodies(name: str | None, *, any_class: bool = False) -> tuple[Body, ...]:
    """Return the bodies that can be drawn: the named one, else any car, or any body if ``any_class``."""
    if name is not None:
        return tuple(body for body in BODIES if body.name == name)
    ordinary = (BODIES[index] for index in ordinary_bodies(held_out=True))
    return tuple(body for body in ordinary if any_class or body.label is ObjectClass.CAR)


def check_actors(actors: Sequence[Actor], context: ScenarioContext) -> None:
    """Raise `FieldError` for scripted vehicles that do not fit on the road in every draw."""
    vehicles = 0.0
    for index, actor in enumerate(actors):
        keys = ("actors", index)
        if isinstance(actor, Lead | CutIn | Drift) and actor.appears_at is not None:
            check_late(actor, context, keys)
            _check_actor(actor, replace(context, driven=actor.appears_at.bounds), keys)
        else:
            _check_actor(actor, context, keys)
        lanes = max(layout.main for layout in context.layouts)
        vehicles += actor.per_lane.bounds[1] * lanes if isinstance(actor, Queue) else 2
        if vehicles > MAX_SCRIPTED:
            raise FieldError(f"at most {MAX_SCRIPTED} scripted vehicles in all", keys)


def _check_actor(actor: Actor, context: ScenarioContext, keys: Keys) -> None:
    if isinstance(actor, Lead):
        _check_lead(actor, context, keys)
    elif isinstance(actor, Stopped):
        _check_stopped(actor, context, keys)
    elif isinstance(actor, CutIn):
        _check_cut_in(actor, context, keys)
    elif isinstance(actor, BlindMerge):
        _check_blind_merge(actor, context, keys)
    elif isinstance(actor, Drift):
        _check_from_adjacent_lane(actor, actor.gap, context, keys)
    elif isinstance(actor, CutOut):
        _check_cut_out(actor, context, keys)
    else:
        _check_queue(actor, context, keys)


def check_pedestrians(pedestrians: Sequence[PedestrianEntry], context: ScenarioContext) -> None:
    """Raise `FieldError` for pedestrians off the road, in the ego, or whom no vehicle can hide."""
    for index, entry in enumerate(pedestrians):
        keys = ("people", index)
        if isinstance(entry, Bystanders):
            _check_bystanders(entry, context, keys)
        elif isinstance(entry, Walker):
            check_at(entry.at, 0.0, context, keys)
            context.must_have_lane(entry.lane, entry.at.bounds[0], entry.at.bounds[1], (*keys, "lane"))
        elif isinstance(entry, Cyclist):
            check_at(entry.at, 0.0, context, keys)
            if entry.place == "lane":
                context.must_have_lane(entry.lane, entry.at.bounds[0], entry.at.bounds[1], (*keys, "lane"))
            space = context.road.right_shoulder.bounds[0] if entry.place != "lane" else 1.5
            why = "the cyclist stays on the shoulder or in the lane"
            require_within(entry.offset, 0.0, space - _CYCLIST_HALF_WIDTH, why, (*keys, "offset"))
        else:
            _check_crosser(entry, context, keys)


def check_animals(animals: Sequence[AnimalEntry], context: ScenarioContext) -> None:
    """Raise `FieldError` for animals off the road or in the ego."""
    for index, animal in enumerate(animals):
        keys = ("animals", index)
        check_at(animal.at, 0.0, context, keys)
        if isinstance(animal, StandingAnimal):
            low, high = animal.at.bounds
            context.must_have_lane(animal.lane, low, high, (*keys, "lane"))
            require_within(animal.offset, -1.75, 1.75, "the animal stands in its lane", (*keys, "offset"))


def check_at(at: Quantity, length: float, context: ScenarioContext, keys: Keys) -> None:
    """Raise `FieldError` if an entry of a length [m] is not on the road, or in the ego."""
    require_within(
        at, MIN_DISTANCE, context.ahead - length, context.road_end, (*keys, "at"), ("ego", "station")
    )


def _check_lead(lead: Lead, context: ScenarioContext, keys: Keys) -> None:
    max_length = max(body.length[1] for body in candidate_bodies(lead.body))
    space = context.ahead - EGO_FRONT - max_length
    if lead.gap is not None:
        require_within(lead.gap, 1.0, space, context.road_end, (*keys, "gap"), ("ego", "station"))
    if lead.headway is not None:
        why = f"the ego starts with up to {context.speed[1]:.3g} m/s; {context.road_end}"
        require_within(lead.headway, 0.0, space / max(context.speed[1], 0.1), why, (*keys, "headway"))
        if lead.gap is None and lead.headway.bounds[0] * context.speed[0] < 1.0:
            condition = f"the ego may start with {context.speed[0]:.3g} m/s; at least 1 m"
            raise FieldError(f"is no distance where {condition}: give a gap too", (*keys, "headway"))
    gap = 0.0 if lead.gap is None else lead.gap.bounds[1]
    headway = 0.0 if lead.headway is None else lead.headway.bounds[1] * context.speed[1]
    far = EGO_FRONT + max(gap, headway)
    context.must_have_lane(lead.lane, EGO_FRONT, far + max_length, (*keys, "lane"))
    if lead.speed_kmh is not None:
        _must_keep_limits(lead.speed_kmh, context, (*keys, "speed_kmh"))
    if lead.brakes is not None:
        brakes, max_speed_kmh = lead.brakes, context.speed[1] * 3.6
        if lead.speed_kmh is not None:
            max_speed_kmh = lead.speed_kmh.bounds[1]
        if brakes.to_kmh.bounds[0] >= max_speed_kmh:
            raise FieldError(
                f"must be below its speed of up to {max_speed_kmh:.4g}", (*keys, "brakes", "to_kmh")
            )
        _must_be_in_time(brakes.after, context, (*keys, "brakes", "after"))
        _must_hold_grip(brakes.deceleration, context, (*keys, "brakes", "deceleration"))


def _check_stopped(car: Stopped, context: ScenarioContext, keys: Keys) -> None:
    bodies = candidate_bodies(car.body)
    max_length, max_width = (
        max(size) for size in zip(*((b.length[1], b.width[1]) for b in bodies), strict=True)
    )
    if car.yaw_deg is not None:
        max_length = max_width = math.hypot(max_length, max_width)
    check_at(car.at, max_length, context, keys)
    low, high = car.at.bounds
    context.must_have_lane(car.lane, low, high + max_length, (*keys, "lane"))
    right, left = place_edges(context, car.place, car.lane, low, high + max_length)
    margin = MAX_BEYOND_PAVEMENT - max_width / 2.0
    why = f"a vehicle up to {max_width:g} m wide stays between the guard rails"
    require_within(car.offset, -right - margin, left + margin, why, (*keys, "offset"))


def _check_cut_in(car: CutIn, context: ScenarioContext, keys: Keys) -> None:
    gap = car.gap
    if car.headway is not None:
        low, high = (bound * speed for bound, speed in zip(car.headway.bounds, context.speed, strict=True))
        if low < 1.0:
            condition = f"the ego may start with {context.speed[0]:.3g} m/s; at least 1 m"
            raise FieldError(f"is no distance where {condition}", (*keys, "headway"))
        gap = between(low, high)
    _check_from_adjacent_lane(car, gap, context, keys)
    if car.brakes is not None:
        max_speed_kmh = context.speed[1] * 3.6 - car.slower_kmh.bounds[0]
        if car.brakes.to_kmh.bounds[0] >= max_speed_kmh:
            place = (*keys, "brakes", "to_kmh")
            raise FieldError(f"must be below its speed of up to {max_speed_kmh:.4g}", place)
        _must_hold_grip(car.brakes.deceleration, context, (*keys, "brakes", "deceleration"))


def _check_from_adjacent_lane(
    car: CutIn | Drift, gap: Quantity, context: ScenarioContext, keys: Keys
) -> None:
    """Check a vehicle that approaches the ego's lane from an adjacent one, ``gap`` [m] ahead of the ego."""
    distance = "gap" if isinstance(car, Drift) or car.headway is None else "headway"
    max_length = max(body.length[1] for body in candidate_bodies(car.body))
    _must_be_in_time(car.after, context, (*keys, "after"))
    max_difference = context.speed[0] - MIN_CUT_IN_SPEED
    why = f"the ego may start with {context.speed[0] * 3.6:.3g} km/h, and a stationary vehicle cannot cut in"
    require_within(car.slower_kmh, 0.0, max_difference * 3.6, why, (*keys, "slower_kmh"))
    falls_back = car.slower_kmh.bounds[1] / 3.6 * car.after.bounds[1]
    space = context.ahead - EGO_FRONT - max_length - falls_back
    why = f"it starts up to {falls_back:.4g} m farther ahead; {context.road_end}"
    require_within(gap, 1.0, space, why, (*keys, distance), (*keys, "after"))
    if car.side != "either":
        far = EGO_FRONT + gap.bounds[1] + falls_back + max_length
        lane: LaneName = "left_of_ego" if car.side == "left" else "right_of_ego"
        context.must_have_lane(lane, 0.0, far, (*keys, "side"))
    _check_change(car.duration, context, (*keys, "duration"))


def _check_blind_merge(car: BlindMerge, context: ScenarioContext, keys: Keys) -> None:
    max_length = max(body.length[1] for body in candidate_bodies(car.body))
    _must_be_in_time(car.after, context, (*keys, "after"))
    if context.speed[0] < MIN_CUT_IN_SPEED:
        raise FieldError("needs an ego that moves: a stationary vehicle cannot merge", (*keys, "kind"))
    if car.side != "either":
        far = EGO_FRONT + car.ahead.bounds[1] + max_length
        lane: LaneName = "left_of_ego" if car.side == "left" else "right_of_ego"
        context.must_have_lane(lane, 0.0, far, (*keys, "side"))
    _check_change(car.duration, context, (*keys, "duration"))


def _check_cut_out(car: CutOut, context: ScenarioContext, keys: Keys) -> None:
    standing = max(body.length[1] for body in candidate_bodies(None))
    max_length = max(body.length[1] for body in candidate_bodies(car.body))
    if car.headway.bounds[0] * context.speed[0] < 1.0:
        condition = f"the ego may start with {context.speed[0]:.3g} m/s; at least 1 m"
        raise FieldError(f"is no distance where {condition}", (*keys, "headway"))
    front = EGO_FRONT + car.headway.bounds[1] * context.speed[1] + max_length
    why = f"the lead's front starts up to {front:.4g} m ahead, before the reveal; {context.road_end}"
    low, high = front + car.reveal.bounds[1], context.ahead - standing
    require_within(car.at, low, high, why, (*keys, "at"), (*keys, "reveal"), (*keys, "headway"))
    context.must_have_lane("ego", 0.0, car.at.bounds[1] + standing, (*keys, "at"))
    _check_change(car.duration, context, (*keys, "duration"))


def _check_queue(queue: Queue, context: ScenarioContext, keys: Keys) -> None:
    max_length = max(body.length[1] for body in candidate_bodies(None, any_class=True))
    length = queue.per_lane.bounds[1] * (max_length + queue.spacing.bounds[1]) + QUEUE_STAGGER
    why = f"the queue is up to {length:.4g} m long; {context.road_end}"
    require_within(queue.at, MIN_DISTANCE, context.ahead - length, why, (*keys, "at"), ("ego", "station"))
    must_not_meet_an_end(queue.at, length, context, (*keys, "at"))
    _must_be_in_time(queue.dissolves, context, (*keys, "dissolves"))
    if queue.to_kmh is not None:
        _must_keep_limits(queue.to_kmh, context, (*keys, "to_kmh"))


def _check_bystanders(entry: Bystanders, context: ScenarioContext, keys: Keys) -> None:
    spread = entry.spread.bounds[1] / 2.0
    low = max(spread - context.ego.station.bounds[0], 0.0)
    why = f"over up to {2.0 * spread:g} m of road; {context.road_end}"
    require_within(entry.at, low, context.ahead - spread, why, (*keys, "at"), (*keys, "spread"))
    if entry.place == "shoulder":
        shoulder = context.road.left_shoulder if entry.side == "left" else context.road.right_shoulder
        allowed = shoulder.bounds[0] + RAIL_BEYOND_PAVEMENT - _PEDESTRIAN_RADIUS
        why = f"before the guard rail, on a shoulder of {shoulder.bounds[0]:g} m or more"
        require_within(entry.clear, 0.0, allowed, why, (*keys, "clear"))


def _check_crosser(entry: Crosser, context: ScenarioContext, keys: Keys) -> None:
    if entry.hidden_by is None:
        check_at(entry.at, 0.0, context, keys)
        return
    hidden, place = entry.hidden_by, (*keys, "hidden_by")
    if entry.side != "right":
        raise FieldError("hidden_by needs side: right, where the vehicle is parked", (*keys, "side"))
    parked = _parked_length(hidden)
    low = max(parked - context.ego.station.bounds[0], float(MIN_DISTANCE))
    why = f"{parked:g} m of parked vehicles before it; {context.road_end}"
    require_within(entry.at, low, context.ahead, why, (*keys, "at"), ("ego", "station"))
    begin, end = context.stations(entry.at.bounds[0] - parked, entry.at.bounds[1])
    for layout in context.layouts:
        if layout.may_exist(layout.ego + 1, begin) or not layout.exists(layout.ego, begin, end):
            raise FieldError(
                f"needs the ego in the lane next to the right shoulder; ego.lane is {context.ego.lane}",
                place,
                ("ego", "lane"),
            )
    names = [name for name in (hidden.body, hidden.second) if name is not None]
    max_width = max(body.width[1] for name in names for body in candidate_bodies(name))
    shoulder = min(right_edge(context.road, layout, layout.ego) for layout in context.layouts)
    allowed = shoulder + MAX_BEYOND_PAVEMENT - _CAR.width / 2.0 - max_width
    why = f"a vehicle up to {max_width:g} m wide stays before the guard rail"
    require_within(hidden.clear, 0.0, allowed, why, (*place, "clear"), (*place, "body"))


def _parked_length(hidden: Hiding) -> float:
    first = max(body.length[1] for body in candidate_bodies(hidden.body))
    if hidden.second is None:
        return STEP_OUT_GAP + first
    return STEP_OUT_GAP + first + PARKED_GAP + max(body.length[1] for body in candidate_bodies(hidden.second))


def must_not_meet_an_end(at: Quantity, length: float, context: ScenarioContext, place: Keys) -> None:
    """Raise `FieldError` if a main lane can end within an entry that spans the outermost or all lanes."""
    begin, end = context.stations(at.bounds[0], at.bounds[1] + length)
    for layout in context.layouts:
        for low, high in layout.ends[: layout.main]:
            if low < context.road.total_length and begin <= high and end >= low:
                raise FieldError(f"a lane may end within it, {low:g} to {high:g} m along the road", place)


def _must_hold_grip(deceleration: Quantity, context: ScenarioContext, place: Keys) -> None:
    """Raise `FieldError` if no road that can be drawn allows a deceleration."""
    grip = context.grip[1]
    if grip < DRY_GRIP and deceleration.bounds[1] > grip + 1e-9:
        raise FieldError(
            f"at most {grip:.3g}, the grip of the road, which is never dry", place, ("conditions",)
        )


def _must_keep_limits(speed_kmh: Quantity, context: ScenarioContext, place: Keys) -> None:
    limit = context.limit[1] * 3.6
    if speed_kmh.bounds[0] > limit + 1e-9:
        raise FieldError(
            f"at most {limit:g}, the speed limit, which traffic keeps", place, ("speed_limit_kmh",)
        )


def _must_be_in_time(after: Quantity, context: ScenarioContext, place: Keys) -> None:
    if after.bounds[0] >= context.time_limit:
        raise FieldError(f"must be below the time_limit of {context.time_limit:g} s", place, ("time_limit",))


def _check_change(duration: Quantity, context: ScenarioContext, place: Keys) -> None:
    min_duration = min_change_duration(context.road.lane_width.bounds[1], context.grip[1])
    if duration.bounds[0] < min_duration:
        why = f"in less, the lateral acceleration exceeds the tyres' {context.grip[1]:g} m/s²"
        raise FieldError(
            f"must be at least {min_duration + 0.005:.2f} ({why})", place, ("conditions", "weather")
        )
