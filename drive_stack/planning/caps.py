"""Speeds that the road, the view and people beside the road allow, over the station ahead."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.planning.scene import Actor, Scene
from drive_stack.planning.settings import CautionSettings, PlannerSettings
from drive_stack.types import Behaviour, FloatArray, ObjectClass

GRID = np.arange(0.0, 202.0, 2.0)  # stations of the rear axle at which caps are kept [m]


@dataclass(frozen=True, slots=True)
class SpeedCap:
    """A speed not to be exceeded from ``begin`` to ``end``; braked for beforehand."""

    begin: float  # station of the rear axle [m]
    end: float
    speed: float  # [m/s]
    reason: str
    behaviour: Behaviour = Behaviour.CRUISE


@dataclass(frozen=True, slots=True)
class CapProfile:
    """The least of all caps over `GRID`, and which one it is."""

    speed: FloatArray  # (G,) [m/s]
    binding: SpeedCap  # that which holds soonest

    def at(self, station: FloatArray) -> FloatArray:
        """Allowed speed [m/s] at stations of any shape."""
        return np.asarray(np.interp(station, GRID, self.speed), dtype=np.float64)


def profile(caps: tuple[SpeedCap, ...], scene: Scene, settings: PlannerSettings, here: float) -> CapProfile:
    """Join caps and curvature into one profile; ``here`` [m] is how far ahead the binding one is told."""
    lead_in = settings.caution.lead_in
    rows = [_braked_towards(cap, lead_in) for cap in caps]
    curve = _curve(scene, settings)
    rows.append(curve)
    table = np.array(rows)
    winner = int(np.argmin(table[:, int(np.searchsorted(GRID, here))]))
    told = (
        caps[winner] if winner < len(caps) else SpeedCap(0.0, here, float(curve[0]), "slowing for the curve")
    )
    return CapProfile(table.min(axis=0), told)


def _braked_towards(cap: SpeedCap, braking: float) -> FloatArray:
    before = np.maximum(cap.begin - GRID, 0.0)
    allowed = np.sqrt(cap.speed**2 + 2.0 * braking * before)
    return np.where(cap.end < GRID, np.inf, allowed)


def _curve(scene: Scene, settings: PlannerSettings) -> FloatArray:
    """Speed at which each point of the road asks the comfortable lateral acceleration, braked for."""
    kappa = np.maximum(np.abs(scene.line.curvature_at(GRID)), 1e-6)
    squared = settings.comfort.curve_acceleration / kappa
    # v²(s) ≤ v²(s') + 2·b·(s' − s) for all s' ≥ s: a running minimum from the far end
    tilted = squared + 2.0 * settings.caution.lead_in * 0.75 * GRID
    running = np.minimum.accumulate(tilted[::-1])[::-1]
    return np.asarray(np.sqrt(running - 2.0 * settings.caution.lead_in * 0.75 * GRID))


def view_cap(scene: Scene, settings: CautionSettings) -> SpeedCap:
    """Be able to stop within what is seen of the road."""
    seen, b = max(float(scene.lanes.path.station[-1]), 5.0), settings.view_braking
    speed = float(np.sqrt((b * settings.reaction) ** 2 + 2.0 * b * seen)) - b * settings.reaction
    return SpeedCap(0.0, np.inf, speed, f"only {seen:.0f} m of road in view")


def caution_caps(
    scene: Scene, centre: float, speed_limit: float, settings: CautionSettings
) -> tuple[SpeedCap, ...]:
    """Caps beside people on the verge and beside parked vehicles, when driving along a lateral."""
    caps = []
    for actor in scene.actors:
        beside = abs(actor.lateral - centre) - actor.half_width - scene.ego_half_width
        leaving = actor.crosses and (actor.lateral - centre) * actor.across > 0.0
        if actor.front < -scene.ego_rear or beside <= 0.0 or (leaving and beside > 0.6):
            continue
        if actor.person and beside < settings.person_reach:
            caps.append(_near_person(actor, beside, scene, settings))
        elif not actor.person and _hides_people(actor, beside, settings):
            caps.append(_beside_occluder(actor, beside, scene, speed_limit, settings))
    return tuple(cap for cap in caps if cap.speed < speed_limit)


def _hides_people(actor: Actor, beside: float, settings: CautionSettings) -> bool:
    reach = settings.occluder_reach
    if actor.track.label is not ObjectClass.LARGE_VEHICLE:
        reach *= 0.6  # a car hides only a child
    return actor.standing and actor.track.length > 2.5 and beside < reach


def _stoppable(gap: float, pace: float, settings: CautionSettings) -> float:
    """Speed from which the ego stops in the time a person needs to cover ``gap`` [m]."""
    return 2.0 * settings.braking * max(gap / pace - settings.reaction, 0.0)


def _near_person(actor: Actor, gap: float, scene: Scene, settings: CautionSettings) -> SpeedCap:
    speed = max(_stoppable(gap, settings.pace, settings), settings.lowest)
    begin = actor.rear - scene.ego_front - 4.0
    reason = f"person {gap:.1f} m beside the lane, slowing"
    return SpeedCap(begin, actor.front + scene.ego_rear, speed, reason, Behaviour.YIELD)


def _beside_occluder(
    actor: Actor, gap: float, scene: Scene, speed_limit: float, settings: CautionSettings
) -> SpeedCap:
    speed = max(
        _stoppable(gap, settings.hidden_pace, settings), settings.lowest, settings.lowest_share * speed_limit
    )
    begin = actor.rear - scene.ego_front
    reason = f"parked vehicle {max(actor.rear - scene.ego_front, 0.0):.0f} m ahead may hide people, slowing"
    return SpeedCap(begin, actor.front, speed, reason)
