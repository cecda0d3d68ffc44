"""The safety layer. It may only brake harder or keep the lane, and it reports every intervention."""

from __future__ import annotations

from dataclasses import dataclass

from drive_stack.planning.following import needed_braking, rss_distance, time_to_collision
from drive_stack.planning.lane_change_gaps import blocking_reason
from drive_stack.planning.lane_choice import LaneDecision
from drive_stack.planning.paths import Paths
from drive_stack.planning.scene import Actor, Scene
from drive_stack.planning.settings import LaneChangeSettings, SafetySettings
from drive_stack.types import Cause, FloatArray, PlanningInput


@dataclass(frozen=True, slots=True)
class Braking:
    """A deceleration demanded by the safety layer, and its reason."""

    acceleration: float  # [m/s²], negative
    reason: str
    emergency: bool
    cause: Cause


class SafetyLayer:
    """Uses present distances only, independently of predictions."""

    def __init__(self, settings: SafetySettings, lane_change: LaneChangeSettings) -> None:
        self._settings = settings
        self._lane_change = lane_change

    def hold_lane(
        self, scene: Scene, inputs: PlanningInput, decision: LaneDecision, lateral: float
    ) -> str | None:
        """Why the ego must stay in its lane although a change was selected; None where it need not."""
        if (
            decision.shift == 0
            or lateral * decision.shift > self._lane_change.commit_fraction * scene.lanes.width
        ):
            return None
        problem = blocking_reason(scene, inputs, decision.shift, self._lane_change, urgent=True)
        return None if problem is None else f"lane held: {problem}"

    def brake_harder(
        self, scene: Scene, path: Paths, speed: float, planned: FloatArray, max_braking: float
    ) -> Braking | None:
        """The braking that the distances require in addition to the plan; None where the plan is sufficient.

        Args:
            scene: the present scene.
            path: the selected path.
            speed: of the ego [m/s].
            planned: planned accelerations (N,) of the next second [m/s²].
            max_braking: limit of the demanded braking, positive [m/s²].
        """
        planned_minimum = float(planned.min())
        demands = [self._demand(scene, actor, speed, max_braking) for actor in self._in_way(scene, path)]
        worst = min((demand for demand in demands if demand), key=lambda d: d.acceleration, default=None)
        if worst is None or worst.acceleration >= planned_minimum - 0.05:
            return None
        return worst

    def _in_way(self, scene: Scene, path: Paths) -> list[Actor]:
        ahead = [actor for actor in scene.actors if actor.rear >= scene.ego_front - 0.5]
        laterals = path.offsets([scene.distance_to(actor) for actor in ahead])
        return [
            actor
            for actor, lateral in zip(ahead, laterals, strict=True)
            if abs(actor.lateral - lateral) < actor.half_width + scene.ego_half_width + 0.1
        ]

    def _demand(self, scene: Scene, actor: Actor, speed: float, max_braking: float) -> Braking | None:
        settings = self._settings
        lead_speed = max(actor.longitudinal_speed, 0.0)
        gap, distance = actor.rear - scene.ego_front, scene.distance_to(actor)
        what = actor.description
        needed = needed_braking(speed, lead_speed, gap - settings.margin)
        ttc = time_to_collision(speed, lead_speed, gap)
        if needed > settings.max_needed_braking or (ttc < settings.min_ttc and needed > 1.5):
            wanted = min(1.1 * needed + 0.3, max_braking)
            reason = f"{what} {distance:.0f} m ahead, {ttc:.1f} s to impact: braking at {wanted:.1f} m/s²"
            return Braking(-wanted, reason, emergency=wanted > 4.0, cause=scene.cause(actor))
        safe = rss_distance(
            speed,
            lead_speed,
            response=settings.response,
            acceleration=settings.own_acceleration,
            braking=settings.own_braking,
            lead_braking=settings.lead_braking,
        )
        if gap < safe and speed > lead_speed - 0.5:
            wanted = min(0.3 + 3.0 * (safe - max(gap, 0.0)) / safe, 3.0)
            reason = f"RSS: {what} {distance:.0f} m ahead, {safe:.0f} m are safe: easing off"
            return Braking(-wanted, reason, emergency=False, cause=scene.cause(actor))
        return None
