"""Leads that the ego must stay behind: vehicles in its path, crossing pedestrians, the end of a lane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.planning.following import safe_speed
from drive_stack.planning.scene import Actor, Scene
from drive_stack.planning.settings import PlannerSettings
from drive_stack.types import Behaviour, Cause, FloatArray

BLOCKING_HALF_WIDTH = 50.0  # half width of a lead that blocks every lateral [m]


@dataclass(frozen=True, slots=True)
class Lead:
    """A lead that moves along the lane at constant speed."""

    rear: float  # station of its rear end now [m]
    speed: float  # along the lane, ≥ 0 [m/s]
    lateral: float  # [m]
    half_width: float  # with the lateral clearance [m]
    gap: float  # distance after a stop [m]
    braking: float  # planned [m/s²]
    time_gap: float  # [s]
    reason: str
    behaviour: Behaviour
    cause: Cause

    def allowed(self, front: FloatArray, times: FloatArray) -> FloatArray:
        """Allowed speed [m/s] with the ego's front at ``front`` (..., T) [m] at ``times`` (T,) [s]."""
        clearance = self.rear + self.speed * times - front - self.gap
        return safe_speed(clearance, self.speed, self.braking, self.time_gap)


def vehicles_ahead(scene: Scene, settings: PlannerSettings) -> tuple[Lead, ...]:
    """Vehicles and pedestrians ahead who do not cross, as leads at their present and predicted laterals."""
    leads, predicted = [], scene.futures.laterals_soon(settings.following.cut_in_probability)
    for index, actor in enumerate(scene.actors):
        if actor.station < scene.ego_front - 1.0 or actor.crosses:
            continue
        laterals = [lateral for lateral in predicted.get(index, ()) if abs(lateral - actor.lateral) > 0.6]
        leads += [_lead(scene, actor, lateral, settings) for lateral in (actor.lateral, *laterals)]
    return tuple(leads)


def _lead(scene: Scene, actor: Actor, lateral: float, settings: PlannerSettings) -> Lead:
    following = settings.following
    distance = scene.distance_to(actor)
    what = actor.description
    if actor.stationary:
        reason, behaviour, gap = (
            f"standing {what} {distance:.0f} m ahead",
            Behaviour.STOP,
            following.blocked_gap,
        )
        if actor.longitudinal_speed > 0.1:
            gap = following.standstill_gap
    else:
        reason = f"{what} {distance:.0f} m ahead at {actor.longitudinal_speed * 3.6:.0f} km/h"
        behaviour, gap = Behaviour.FOLLOW, following.standstill_gap
    clearance = 0.8 if actor.pedestrian else 0.3
    return Lead(
        rear=actor.rear,
        speed=max(actor.longitudinal_speed, 0.0),
        lateral=lateral,
        half_width=actor.half_width + clearance,
        gap=gap,
        braking=following.stop_braking if actor.stationary else following.braking,
        time_gap=following.stop_time_gap if actor.stationary else following.time_gap,
        reason=reason,
        behaviour=behaviour,
        cause=scene.cause(actor),
    )


def crossing_pedestrians(scene: Scene, speed: float, settings: PlannerSettings) -> tuple[Lead, ...]:
    """A stop in front of every pedestrian who crosses the path of the ego, or probably will, at that time."""
    leads = []
    for index, actor in enumerate(scene.actors):
        if not actor.pedestrian or actor.rear < scene.ego_front - 0.5:
            continue
        interval = _time_in_path(scene, index, actor, settings)
        if interval is None or not _may_meet(actor, interval, scene, speed):
            continue
        leads.append(_stop_before(scene, actor, settings))
    return tuple(leads)


def _stop_before(scene: Scene, actor: Actor, settings: PlannerSettings) -> Lead:
    distance = scene.distance_to(actor)
    return Lead(
        rear=actor.rear,
        speed=0.0,
        lateral=0.0,
        half_width=BLOCKING_HALF_WIDTH,
        gap=settings.caution.yield_margin,
        braking=settings.caution.yield_braking,
        time_gap=settings.following.stop_time_gap,
        reason=f"person crossing {distance:.0f} m ahead, giving way",
        behaviour=Behaviour.YIELD,
        cause=scene.cause(actor),
    )


def _time_in_path(
    scene: Scene, index: int, actor: Actor, settings: PlannerSettings
) -> tuple[float, float] | None:
    """Interval [s] in which a pedestrian is in the path of the ego; None if it is not.

    One who crosses keeps the velocity; for others the predictions count.
    """
    reach = scene.ego_half_width + actor.half_width + settings.caution.yield_clearance
    if actor.crosses:
        if abs(actor.lateral) < reach:
            return 0.0, (reach - actor.lateral * float(np.sign(actor.lateral_speed))) / abs(
                actor.lateral_speed
            )
        if actor.lateral * actor.lateral_speed < 0.0:
            distance = abs(actor.lateral)
            return (distance - reach) / abs(actor.lateral_speed), (distance + reach) / abs(
                actor.lateral_speed
            )
        return None
    futures = scene.futures
    likely = (futures.actor == index) & (futures.probability >= settings.caution.yield_probability)
    moves = np.abs(futures.lateral[likely] - actor.lateral).max(initial=0.0) > 0.5
    inside = np.flatnonzero((np.abs(futures.lateral[likely]) < reach).any(axis=0))
    if not moves or len(inside) == 0:
        return None
    return float(scene.times[inside[0]]), float(scene.times[inside[-1]])


def _may_meet(actor: Actor, interval: tuple[float, float], scene: Scene, speed: float) -> bool:
    """Whether the ego may be next to the pedestrian within the interval, with a margin of a second."""
    arrives = (actor.rear - scene.ego_front) / max(speed, 1.0)
    leaves = (actor.front + scene.ego_rear) / max(speed, 1.0)
    return leaves + 1.0 > interval[0] and arrives < interval[1] + 1.5


def lane_end(scene: Scene, settings: PlannerSettings) -> tuple[Lead, ...]:
    """The end of the ego lane as a stationary lead."""
    ends = scene.lanes.ends_in
    if not np.isfinite(ends):
        return ()
    return (
        Lead(
            rear=ends,
            speed=0.0,
            lateral=0.0,
            half_width=scene.lanes.width / 2.0 - scene.ego_half_width,
            gap=settings.lane_change.end_margin,
            braking=settings.following.braking,
            time_gap=settings.following.stop_time_gap,
            reason=f"lane ends in {ends:.0f} m",
            behaviour=Behaviour.STOP,
            cause=Cause("the end of the lane", distance=max(ends - scene.ego_front, 0.0)),
        ),
    )
