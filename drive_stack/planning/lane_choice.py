"""Lane decisions: request a lane change, wait for a gap, change, complete or abort the change."""

from __future__ import annotations

from dataclasses import dataclass

from drive_stack.planning.lane_change_gaps import blocking_reason
from drive_stack.planning.scene import Actor, Scene
from drive_stack.planning.settings import PlannerSettings
from drive_stack.planning.speed_caps import caution_caps
from drive_stack.types import NavigationCommand, PlanningInput


@dataclass(frozen=True, slots=True)
class LaneDecision:
    """The lane to drive to, and why."""

    shift: int  # 0 the ego lane, 1 the left one, −1 the right one
    reason: str = ""
    waiting: int = 0  # shift of the lane in which the ego waits for a gap, 0 if it does not wait
    blocked_by: str = ""  # why a requested lane change is not possible now


@dataclass(frozen=True, slots=True)
class _LaneChangeRequest:
    shift: int
    reason: str  # kept during the change, so it holds no distances
    urgent: bool


class LaneChooser:
    """Continues an active lane change, or starts one if there is a reason and a gap."""

    def __init__(self, settings: PlannerSettings) -> None:
        self._settings = settings
        self._change = settings.lane_change
        self.reset()

    def reset(self) -> None:
        """Discard any active lane change."""
        self._active: _LaneChangeRequest | None = None
        self._last_request: tuple[int, float] = (0, 0.0)  # its shift, and for how long it exists [s]
        self._since = float("inf")  # seconds since the last change ended

    def crossed(self, shift: int) -> None:
        """Tell that the ego lane has changed by ``shift`` lanes to the left."""
        if self._active is not None and self._active.shift == shift:
            self._active = None
            self._since = 0.0

    def abort(self) -> None:
        """Abort the active lane change."""
        self._active = None
        self._since = 0.0

    def choose(self, scene: Scene, inputs: PlanningInput, lateral: float) -> LaneDecision:
        """Decide for this step; ``lateral`` is the planned lateral of the ego now [m]."""
        self._since += self._settings.dt
        if self._active is not None:
            return self._continue_change(scene, inputs, self._active, lateral)
        request = self._request(scene, inputs)
        last_shift, duration = self._last_request
        duration = duration + self._settings.dt if request and last_shift == request.shift else 0.0
        self._last_request = (request.shift if request else 0, duration)
        if request is None:
            return LaneDecision(0)
        problem = blocking_reason(scene, inputs, request.shift, self._change, urgent=request.urgent)
        if problem is not None:
            return LaneDecision(0, request.reason, request.shift if request.urgent else 0, problem)
        if duration < self._change.min_request_duration and not request.urgent:
            return LaneDecision(0)
        self._active = request
        return LaneDecision(request.shift, request.reason)

    def _continue_change(
        self, scene: Scene, inputs: PlanningInput, request: _LaneChangeRequest, lateral: float
    ) -> LaneDecision:
        done = lateral * request.shift / scene.lanes.width
        if done < self._change.commit_fraction:
            problem = blocking_reason(scene, inputs, request.shift, self._change, urgent=True)
            if problem is not None:
                self.abort()
                return LaneDecision(0, f"change given up: {problem}", blocked_by=problem)
        return LaneDecision(request.shift, request.reason)

    def _request(self, scene: Scene, inputs: PlanningInput) -> _LaneChangeRequest | None:
        return (
            self._navigation_request(inputs)
            or self._ending_lane_request(scene, inputs)
            or self._overtaking_request(scene, inputs)
        )

    def _navigation_request(self, inputs: PlanningInput) -> _LaneChangeRequest | None:
        if inputs.command is NavigationCommand.CHANGE_LEFT:
            return _LaneChangeRequest(1, "navigation asks for the left lane", urgent=True)
        if inputs.command is NavigationCommand.CHANGE_RIGHT:
            return _LaneChangeRequest(-1, "navigation asks for the right lane", urgent=True)
        return None

    def _ending_lane_request(self, scene: Scene, inputs: PlanningInput) -> _LaneChangeRequest | None:
        end_distance, change = scene.lanes.ends_in, self._change
        if end_distance > change.lane_end_distance + change.lane_end_time * inputs.speed:
            return None
        options = [
            shift
            for shift, adjacent in ((1, scene.lanes.left), (-1, scene.lanes.right))
            if adjacent.exists and adjacent.ends_in > end_distance
        ]
        if not options:
            return None
        best = max(options, key=lambda shift: self._lane_speed(scene, inputs, shift))
        return _LaneChangeRequest(best, "the lane ends", urgent=True)

    def _overtaking_request(self, scene: Scene, inputs: PlanningInput) -> _LaneChangeRequest | None:
        own_speed = self._lane_speed(scene, inputs, 0)
        blocked = own_speed < 0.4 * inputs.speed_limit
        if any(actor.crosses and actor.front > 0.0 for actor in scene.actors):
            return None  # no lane change while pedestrians are crossing ahead
        if not blocked and self._since < self._change.cooldown:
            return None
        best: tuple[float, int] | None = None
        for shift, adjacent in ((1, scene.lanes.left), (-1, scene.lanes.right)):
            if not (adjacent.exists and adjacent.enterable):
                continue
            speed_gain = self._lane_speed(scene, inputs, shift) - own_speed - (0.3 if shift < 0 else 0.0)
            if speed_gain > self._change.min_speed_gain and (best is None or speed_gain > best[0]):
                best = (speed_gain, shift)
        if best is None:
            return None
        stationary = any(actor.stationary for actor in self._in_lane(scene, 0.0))
        return _LaneChangeRequest(best[1], self._what_is_slow(scene), urgent=blocked or stationary)

    def _lane_speed(self, scene: Scene, inputs: PlanningInput, shift: int) -> float:
        """Mean speed [m/s] expected in a lane over the next seconds."""
        seconds, centre = self._change.speed_horizon, scene.lane_centre(shift)
        adjacent = {1: scene.lanes.left, -1: scene.lanes.right}.get(shift)
        end_distance = scene.lanes.ends_in if adjacent is None else adjacent.ends_in
        speed = min(inputs.speed_limit, max(end_distance - 40.0, 0.0) / seconds)
        for actor in self._in_lane(scene, centre):
            lead_speed = max(actor.longitudinal_speed, 0.0)
            gap = actor.rear - scene.ego_front - self._settings.following.time_gap * lead_speed
            speed = min(speed, lead_speed + max(gap, 0.0) / seconds)
        near = max(inputs.speed, 5.0) * seconds
        for cap in caution_caps(scene, centre, inputs.speed_limit, self._settings.caution):
            if cap.start < near:
                # only the segment next to the hazard is driven slowly
                speed = min(speed, 0.6 * cap.speed + 0.4 * inputs.speed_limit)
        return speed

    def _in_lane(self, scene: Scene, centre: float) -> list[Actor]:
        return [
            actor
            for actor in scene.actors
            if actor.rear > 0.0
            and scene.in_corridor(actor, scene.passing_lateral(actor, centre))
            and not actor.crosses
        ]

    def _what_is_slow(self, scene: Scene) -> str:
        ahead = sorted(self._in_lane(scene, 0.0), key=lambda actor: actor.rear)
        if not ahead:
            return "keeping away from the edge of the road"
        slowest = min(ahead[:3], key=lambda actor: actor.longitudinal_speed)
        what = slowest.description
        kind = "standing" if slowest.stationary else "slow"
        return f"{kind} {what} ahead"
