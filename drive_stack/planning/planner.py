"""The planner: behaviour, lattice, safety layer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from drive_stack.planning.continuity import Continuity, Start
from drive_stack.planning.directive import Directive, direct
from drive_stack.planning.lane_choice import LaneChooser, LaneDecision
from drive_stack.planning.lattice import Judgement, judge
from drive_stack.planning.lost_senses import LostSenses
from drive_stack.planning.paths import Paths, lateral_paths, path_poses
from drive_stack.planning.profiles import Profiles, longitudinal_profiles, ramp_profiles
from drive_stack.planning.safety import Braking, SafetyLayer
from drive_stack.planning.scene import Scene, build_scene
from drive_stack.planning.settings import PlannerSettings
from drive_stack.planning.wording import explain
from drive_stack.types import FloatArray, Plan, PlanningInput
from drive_stack.vehicle import VehicleParameters

NUDGES = np.array([-0.7, -0.35, 0.35, 0.7])  # beside the goal, within the lane [m]
MIN_BRAKING_FRACTION = 0.5  # of the grip, counted on however hard the car corners
SHOWN = 12  # rejected candidates kept for the viewer


class LatticePlanner:
    """Frenet lattice over predicted tracks under a behaviour layer and above a safety layer."""

    def __init__(self, car: VehicleParameters, settings: PlannerSettings | None = None) -> None:
        self._car = car
        self._settings = settings or PlannerSettings()
        count = round(self._settings.horizon / self._settings.step)
        self._times: FloatArray = np.linspace(0.0, count * self._settings.step, count + 1)
        self._lane_chooser = LaneChooser(self._settings)
        self._continuity = Continuity(followed=self._settings.followed)
        self._lost_senses = LostSenses(self._settings.dt)
        self._planned: float | None = None  # acceleration that the last plan has by now [m/s²]

    def reset(self) -> None:
        """Forget the episode before."""
        self._lane_chooser.reset()
        self._continuity.reset()
        self._lost_senses.reset()
        self._planned = None

    def plan(self, given: PlanningInput) -> Plan:
        """The trajectory of this step, from where the last plan has the car by now."""
        if not self._settings.followed and self._planned is not None:
            given = replace(given, acceleration=self._planned)
        judged_at = self._times[::2]
        scene = build_scene(given, judged_at, self._car)
        settings, max_braking = self._settings.on_grip(given.grip), self._max_braking(given)
        safety = SafetyLayer(settings.safety, settings.lane_change)
        start = self._continuity.start(given.lanes, given.speed * self._settings.dt)
        if start.crossed:
            self._lane_chooser.crossed(start.crossed)
        notes: list[str] = []
        decision = self._decide(scene, given, start, safety, notes)
        further = self._lost_senses.caps(given)
        directive = direct(scene, given, decision, further, settings)
        paths = self._paths(directive, scene, start, given.speed)
        profiles = self._profiles(directive, given, max_braking)
        judgement = judge(paths, _every_second(profiles), judged_at, scene, directive, settings, given.grip)
        path, profile = self._choose(judgement, paths, profiles)
        chosen = paths.select([path])
        moving = _pick(profiles, profile)
        first_second = moving.acceleration[0, self._times <= 1.0]
        braking = safety.brake_harder(scene, chosen, given.speed, first_second, max_braking)
        if braking is not None:
            notes.append(braking.reason)
            moving = self._braked(braking, given)
        self._continuity.keep(chosen)
        self._planned = float(np.interp(self._settings.dt, self._times, moving.acceleration[0]))
        rejected = _rejected(judgement, paths, profiles, scene, (path, profile))
        return self._plan(scene, directive, chosen, moving, braking, rejected, tuple(notes))

    def _max_braking(self, given: PlanningInput) -> float:
        """What brakes and tyres give beside the lateral acceleration that the car has now [m/s²]."""
        sideways = given.speed * given.yaw_rate
        left = float(np.sqrt(max(given.grip**2 - sideways**2, (MIN_BRAKING_FRACTION * given.grip) ** 2)))
        return min(left, -self._car.min_acceleration)

    def _decide(
        self, scene: Scene, given: PlanningInput, start: Start, safety: SafetyLayer, notes: list[str]
    ) -> LaneDecision:
        decision = self._lane_chooser.choose(scene, given, start.state.offset)
        held = safety.hold_lane(scene, given, decision, start.state.offset)
        if held is None:
            return decision
        self._lane_chooser.abort()
        notes.append(held)
        return LaneDecision(0, held, refused=held)

    def _paths(self, directive: Directive, scene: Scene, start: Start, speed: float) -> Paths:
        room = scene.lanes.width / 2.0 - scene.ego_half_width - 0.1
        nudges = NUDGES[np.abs(NUDGES) <= room]
        targets = [directive.goal, *(directive.goal + nudges)]
        if directive.decision.shift != 0:
            targets.append(0.0)
        going_on = start.going_on
        if going_on is not None and np.abs(np.array(targets) - going_on[0]).min() > 0.05:
            going_on = None  # the path under way leads where nobody wants to go any more
        # who is not followed must say clearly where the middle is: later is not soon enough for ever
        back = not self._settings.followed and directive.decision.shift == 0
        return lateral_paths(start.state, np.array(targets), speed, going_on, shortest=back)

    def _profiles(self, directive: Directive, given: PlanningInput, max_braking: float) -> Profiles:
        near = directive.caps.at(np.array([0.0, 1.0, 2.0, 4.0]) * max(given.speed, 1.0))
        wanted = [0.0, *(float(speed) for speed in near if np.isfinite(speed))]
        wanted += [lead.speed for lead in directive.leads]
        comfort = self._settings.comfort
        return longitudinal_profiles(
            given.speed, given.acceleration, np.array(wanted), self._times, comfort, max_braking
        )

    def _choose(self, judgement: Judgement, paths: Paths, profiles: Profiles) -> tuple[int, int]:
        best = judgement.best()
        if best is not None:
            return best
        # nothing may be driven: brake hard along the path that bends least
        return int(np.argmax(paths.length)), int(np.argmin(profiles.acceleration.min(axis=1)))

    def _braked(self, braking: Braking, given: PlanningInput) -> Profiles:
        comfort = self._settings.comfort
        jerk = comfort.emergency_jerk if braking.emergency else comfort.max_jerk
        target = np.array([braking.acceleration])
        return ramp_profiles(
            given.speed, given.acceleration, target, jerk, self._times, emergency=braking.emergency
        )

    def _plan(
        self,
        scene: Scene,
        directive: Directive,
        path: Paths,
        moving: Profiles,
        braking: Braking | None,
        rejected: tuple[FloatArray, ...],
        notes: tuple[str, ...],
    ) -> Plan:
        positions, headings, curvatures = path_poses(scene.line, path, moving.station[0])
        emergency = bool(moving.emergency[0])
        behaviour, reason = explain(scene, directive, path, moving, self._times, braking)
        return Plan(
            times=self._times,
            positions=positions,
            headings=headings,
            curvatures=curvatures,
            speeds=moving.speed[0],
            accelerations=moving.acceleration[0],
            behaviour=behaviour,
            reason=reason,
            emergency=emergency,
            rejected=rejected,
            interventions=notes,
        )


def _every_second(profiles: Profiles) -> Profiles:
    return Profiles(
        profiles.station[:, ::2],
        profiles.speed[:, ::2],
        profiles.acceleration[:, ::2],
        profiles.jerk[:, ::2],
        profiles.emergency,
    )


def _pick(profiles: Profiles, index: int) -> Profiles:
    pick = slice(index, index + 1)
    return Profiles(
        profiles.station[pick],
        profiles.speed[pick],
        profiles.acceleration[pick],
        profiles.jerk[pick],
        profiles.emergency[pick],
    )


def _rejected(
    judgement: Judgement, paths: Paths, profiles: Profiles, scene: Scene, chosen: tuple[int, int]
) -> tuple[FloatArray, ...]:
    """The best profile on each other path, for the viewer."""
    others = [path for path in range(len(paths.target)) if path != chosen[0]][:SHOWN]
    station = profiles.station[np.argmin(judgement.cost[others], axis=1), ::4]
    points, _ = scene.line.to_plane(station, paths.select(others).offset(station))
    return tuple(points)
