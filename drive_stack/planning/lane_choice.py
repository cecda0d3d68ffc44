"""Which lane to drive in: wish, wait for a gap, change, carry through or give up."""

from __future__ import annotations

from dataclasses import dataclass

from drive_stack.planning.caps import caution_caps
from drive_stack.planning.gaps import refusal
from drive_stack.planning.scene import Actor, Scene
from drive_stack.planning.settings import PlannerSettings
from drive_stack.types import NavigationCommand, PlanningInput


@dataclass(frozen=True, slots=True)
class LaneDecision:
    """``shift`` is the lane to drive to: 0 the ego's, 1 the left one, −1 the right one."""

    shift: int
    reason: str = ""
    waiting: int = 0  # the side on which a gap is waited for
    refused: str = ""  # why it cannot be taken now


@dataclass(frozen=True, slots=True)
class _Wish:
    shift: int
    reason: str
    must: bool


class LaneChooser:
    """Holds a change under way; otherwise looks for a reason to start one."""

    def __init__(self, settings: PlannerSettings) -> None:
        self._settings = settings
        self._change = settings.lane_change
        self.reset()

    def reset(self) -> None:
        """Forget any change under way."""
        self._active: _Wish | None = None
        self._wished: tuple[int, float] = (0, 0.0)
        self._since = float("inf")  # seconds since the last change ended

    def crossed(self, shift: int) -> None:
        """The ego's lane has become the one ``shift`` lanes to the left of what it was."""
        if self._active is not None and self._active.shift == shift:
            self._active = None
            self._since = 0.0

    def abort(self) -> None:
        """Give up the change under way."""
        self._active = None
        self._since = 0.0

    def choose(self, scene: Scene, given: PlanningInput, lateral: float) -> LaneDecision:
        """Decide for this step; ``lateral`` is where the plan has the ego now [m]."""
        self._since += self._settings.dt
        if self._active is not None:
            return self._carry_on(scene, given, self._active, lateral)
        wish = self._wish(scene, given)
        lasted = self._wished[1] + self._settings.dt if wish and self._wished[0] == wish.shift else 0.0
        self._wished = (wish.shift if wish else 0, lasted)
        if wish is None:
            return LaneDecision(0)
        problem = refusal(scene, given, wish.shift, self._change, pressing=wish.must)
        if problem is not None:
            return LaneDecision(0, wish.reason, wish.shift if wish.must else 0, problem)
        if lasted < self._change.wish_seconds and not wish.must:
            return LaneDecision(0)
        self._active = wish
        return LaneDecision(wish.shift, wish.reason)

    def _carry_on(self, scene: Scene, given: PlanningInput, wish: _Wish, lateral: float) -> LaneDecision:
        done = lateral * wish.shift / scene.lanes.width
        if done < self._change.committed:
            problem = refusal(scene, given, wish.shift, self._change, pressing=True)
            if problem is not None:
                self.abort()
                return LaneDecision(0, f"change given up: {problem}", refused=problem)
        return LaneDecision(wish.shift, wish.reason)

    def _wish(self, scene: Scene, given: PlanningInput) -> _Wish | None:
        return self._commanded(given) or self._leave_ending_lane(scene, given) or self._faster(scene, given)

    def _commanded(self, given: PlanningInput) -> _Wish | None:
        if given.command is NavigationCommand.CHANGE_LEFT:
            return _Wish(1, "navigation asks for the left lane", must=True)
        if given.command is NavigationCommand.CHANGE_RIGHT:
            return _Wish(-1, "navigation asks for the right lane", must=True)
        return None

    def _leave_ending_lane(self, scene: Scene, given: PlanningInput) -> _Wish | None:
        ends, change = scene.lanes.ends_in, self._change
        if ends > change.end_metres + change.end_seconds * given.speed:
            return None
        options = [
            shift
            for shift, beside in ((1, scene.lanes.left), (-1, scene.lanes.right))
            if beside.exists and beside.ends_in > ends
        ]
        if not options:
            return None
        best = max(options, key=lambda shift: self._lane_speed(scene, given, shift))
        return _Wish(best, f"lane ends in {ends:.0f} m", must=True)

    def _faster(self, scene: Scene, given: PlanningInput) -> _Wish | None:
        here = self._lane_speed(scene, given, 0)
        blocked = here < 0.4 * given.speed_limit
        if any(actor.crosses and actor.front > 0.0 for actor in scene.actors):
            return None  # keep a steady course towards people on the road
        if not blocked and self._since < self._change.cool_down:
            return None
        best: tuple[float, int] | None = None
        for shift, beside in ((1, scene.lanes.left), (-1, scene.lanes.right)):
            if not (beside.exists and beside.enterable):
                continue
            gain = self._lane_speed(scene, given, shift) - here - (0.3 if shift < 0 else 0.0)
            if gain > self._change.gain and (best is None or gain > best[0]):
                best = (gain, shift)
        if best is None:
            return None
        standing = any(actor.standing for actor in self._in_lane(scene, 0.0))
        return _Wish(best[1], self._what_is_slow(scene), must=blocked or standing)

    def _lane_speed(self, scene: Scene, given: PlanningInput, shift: int) -> float:
        """Mean speed [m/s] expected in a lane over the next seconds."""
        seconds, centre = self._change.look_ahead_seconds, scene.lane_centre(shift)
        beside = {1: scene.lanes.left, -1: scene.lanes.right}.get(shift)
        ends = scene.lanes.ends_in if beside is None else beside.ends_in
        speed = min(given.speed_limit, max(ends - 40.0, 0.0) / seconds)
        for actor in self._in_lane(scene, centre):
            gap = actor.rear - scene.ego_front - self._settings.following.time_gap * max(actor.along, 0.0)
            speed = min(speed, max(actor.along, 0.0) + max(gap, 0.0) / seconds)
        near = max(given.speed, 5.0) * seconds
        for cap in caution_caps(scene, centre, given.speed_limit, self._settings.caution):
            if cap.begin < near:
                # only the stretch beside the danger is driven slowly
                speed = min(speed, 0.6 * cap.speed + 0.4 * given.speed_limit)
        return speed

    def _in_lane(self, scene: Scene, centre: float) -> list[Actor]:
        return [
            actor
            for actor in scene.actors
            if actor.rear > 0.0 and scene.in_corridor(actor, centre) and not actor.crosses
        ]

    def _what_is_slow(self, scene: Scene) -> str:
        ahead = sorted(self._in_lane(scene, 0.0), key=lambda actor: actor.rear)
        if not ahead:
            return "keeping away from the edge of the road"
        slowest = min(ahead[:3], key=lambda actor: actor.along)
        what = slowest.word
        kind = "standing" if slowest.standing else "slow"
        return f"{kind} {what} {max(slowest.rear - scene.ego_front, 0.0):.0f} m ahead"
