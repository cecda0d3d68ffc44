"""What the ego must stay behind: vehicles in its way, people who cross, the end of a lane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.planning.following import safe_speed
from drive_stack.planning.scene import Actor, Scene
from drive_stack.planning.settings import PlannerSettings
from drive_stack.types import Behaviour, FloatArray

ALONG_EVERYWHERE = 50.0  # half width of what blocks every lateral [m]


@dataclass(frozen=True, slots=True)
class Lead:
    """Something to stay behind, moving along the lane at constant speed."""

    rear: float  # station of its rear end now [m]
    speed: float  # along the lane, ≥ 0 [m/s]
    lateral: float  # [m]
    half_width: float  # with the clearance to keep [m]
    gap: float  # kept when standing [m]
    braking: float  # planned [m/s²]
    time_gap: float  # [s]
    reason: str
    behaviour: Behaviour

    def allowed(self, front: FloatArray, times: FloatArray) -> FloatArray:
        """Speed allowed with the ego's front at stations ``front`` (..., T) at ``times`` (T,)."""
        room = self.rear + self.speed * times - front - self.gap
        return safe_speed(room, self.speed, self.braking, self.time_gap)


def vehicles_ahead(scene: Scene, settings: PlannerSettings) -> tuple[Lead, ...]:
    """Every vehicle or slow walker ahead, as a lead at the lateral where it is or is going to be."""
    leads = []
    for index, actor in enumerate(scene.actors):
        if actor.station < scene.ego_front - 1.0 or actor.crosses:
            continue
        laterals = _laterals(scene, index, actor, settings)
        leads += [_lead(scene, actor, lateral, settings) for lateral in laterals]
    return tuple(leads)


def _laterals(scene: Scene, index: int, actor: Actor, settings: PlannerSettings) -> list[float]:
    """Where the actor is now, and where it will be in 2 s by each hypothesis likely enough."""
    laterals = [actor.lateral]
    futures = scene.futures
    soon = futures.lateral.shape[1] // 2
    for row in np.flatnonzero(futures.actor == index):
        later = float(futures.lateral[row, soon])
        if (
            futures.probability[row] >= settings.following.cut_in_probability
            and abs(later - actor.lateral) > 0.6
        ):
            laterals.append(later)
    return laterals


def _lead(scene: Scene, actor: Actor, lateral: float, settings: PlannerSettings) -> Lead:
    following = settings.following
    away = max(actor.rear - scene.ego_front, 0.0)
    what = actor.word
    if actor.standing:
        reason, behaviour, gap = f"standing {what} {away:.0f} m ahead", Behaviour.STOP, following.blocked_gap
        if actor.along > 0.1:
            gap = following.standstill_gap
    else:
        reason = f"{what} {away:.0f} m ahead at {actor.along * 3.6:.0f} km/h"
        behaviour, gap = Behaviour.FOLLOW, following.standstill_gap
    clearance = 0.8 if actor.person else 0.3
    return Lead(
        rear=actor.rear,
        speed=max(actor.along, 0.0),
        lateral=lateral,
        half_width=actor.half_width + clearance,
        gap=gap,
        braking=following.stop_braking if actor.standing else following.braking,
        time_gap=following.stop_time_gap if actor.standing else following.time_gap,
        reason=reason,
        behaviour=behaviour,
    )


def crossing_people(scene: Scene, speed: float, settings: PlannerSettings) -> tuple[Lead, ...]:
    """A place to stop before everyone who crosses the ego's way, or probably will, in time to be met."""
    leads = []
    for index, actor in enumerate(scene.actors):
        if not actor.person or actor.rear < scene.ego_front - 0.5:
            continue
        span = _in_the_way(scene, index, actor, settings)
        if span is None or not _meets(actor, span, scene, speed):
            continue
        leads.append(_stop_before(scene, actor, settings))
    return tuple(leads)


def _stop_before(scene: Scene, actor: Actor, settings: PlannerSettings) -> Lead:
    away = max(actor.rear - scene.ego_front, 0.0)
    return Lead(
        rear=actor.rear,
        speed=0.0,
        lateral=0.0,
        half_width=ALONG_EVERYWHERE,
        gap=settings.caution.yield_margin,
        braking=settings.caution.yield_braking,
        time_gap=settings.following.stop_time_gap,
        reason=f"person crossing {away:.0f} m ahead, giving way",
        behaviour=Behaviour.YIELD,
    )


def _in_the_way(
    scene: Scene, index: int, actor: Actor, settings: PlannerSettings
) -> tuple[float, float] | None:
    """From when to when [s] a person is in the ego's strip: carried on as they walk, else as predicted."""
    reach = scene.ego_half_width + actor.half_width + settings.caution.yield_clearance
    if actor.crosses:
        if abs(actor.lateral) < reach:
            return 0.0, (reach - actor.lateral * float(np.sign(actor.across))) / abs(actor.across)
        if actor.lateral * actor.across < 0.0:
            away = abs(actor.lateral)
            return (away - reach) / abs(actor.across), (away + reach) / abs(actor.across)
        return None
    futures = scene.futures
    likely = (futures.actor == index) & (futures.probability >= settings.caution.yield_probability)
    moves = np.abs(futures.lateral[likely] - actor.lateral).max(initial=0.0) > 0.5
    inside = np.flatnonzero((np.abs(futures.lateral[likely]) < reach).any(axis=0))
    if not moves or len(inside) == 0:
        return None
    return float(scene.times[inside[0]]), float(scene.times[inside[-1]])


def _meets(actor: Actor, span: tuple[float, float], scene: Scene, speed: float) -> bool:
    """Whether the ego may be abreast of the person while they are in its way, with a second to spare."""
    arrives = (actor.rear - scene.ego_front) / max(speed, 1.0)
    gone = (actor.front + scene.ego_rear) / max(speed, 1.0)
    return gone + 1.0 > span[0] and arrives < span[1] + 1.5


def lane_end(scene: Scene, settings: PlannerSettings) -> tuple[Lead, ...]:
    """The end of the ego's lane as something that stands there."""
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
        ),
    )
