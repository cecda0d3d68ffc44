"""The planner: behaviour layer, lattice, safety layer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from drive_stack.planning.continuity import Continuity, Start
from drive_stack.planning.directive import Directive, build_directive
from drive_stack.planning.explanation import explain
from drive_stack.planning.lane_choice import LaneChooser, LaneDecision
from drive_stack.planning.lattice import CandidateCosts, evaluate_candidates
from drive_stack.planning.paths import Paths, lateral_paths, path_poses
from drive_stack.planning.profiles import Profiles, longitudinal_profiles, ramp_profiles
from drive_stack.planning.safety import Braking, SafetyLayer
from drive_stack.planning.scene import MAX_OFFSET, SIDE_MARGIN, Scene, build_scene
from drive_stack.planning.sensor_loss import SensorLoss
from drive_stack.planning.settings import ComfortSettings, PlannerSettings
from drive_stack.types import FloatArray, Plan, PlanningInput
from drive_stack.vehicle import VehicleParameters

LATERAL_OFFSETS = MAX_OFFSET * np.array([-1.0, -0.5, 0.5, 1.0])  # from the target lateral [m]
MIN_BRAKING_FRACTION = 0.5  # of the grip, assumed at any lateral acceleration
MAX_REJECTED = 12  # candidates in a plan, for the viewer
RELAXATION = 0.6  # time constant by which a plan that nobody executes approaches the car's acceleration [s]


class LatticePlanner:
    """A `Planner`: a behaviour layer, a Frenet lattice with predicted tracks, and a safety layer."""

    def __init__(self, car: VehicleParameters, settings: PlannerSettings | None = None) -> None:
        self._car = car
        self._settings = settings or PlannerSettings()
        count = round(self._settings.horizon / self._settings.step)
        self._times: FloatArray = np.linspace(0.0, count * self._settings.step, count + 1)
        self._lane_chooser = LaneChooser(self._settings)
        self._continuity = Continuity(plan_is_executed=self._settings.plan_is_executed)
        self._sensor_loss = SensorLoss(self._settings.dt)
        self._planned: float | None = None  # acceleration of the last plan at the present step [m/s²]

    def reset(self) -> None:
        """Discard the state of the previous episode."""
        self._lane_chooser.reset()
        self._continuity.reset()
        self._sensor_loss.reset()
        self._planned = None

    def plan(self, inputs: PlanningInput) -> Plan:
        """Plan the trajectory of this step, starting at the present point of the last plan."""
        if not self._settings.plan_is_executed and self._planned is not None:
            inputs = replace(inputs, acceleration=self._relaxed(inputs.acceleration, self._planned))
        cost_times = self._times[::2]
        scene = build_scene(inputs, cost_times, self._car)
        settings, max_braking = self._settings.on_grip(inputs.grip), self._max_braking(inputs)
        safety = SafetyLayer(settings.safety, settings.lane_change)
        start = self._continuity.start(inputs.lanes, inputs.speed * self._settings.dt)
        if start.crossed:
            self._lane_chooser.crossed(start.crossed)
        notes: list[str] = []
        decision = self._decide(scene, inputs, start, safety, notes)
        sensor_caps = self._sensor_loss.caps(inputs)
        directive = build_directive(scene, inputs, decision, sensor_caps, settings)
        paths = self._paths(directive, scene, start, inputs.speed)
        profiles = self._profiles(directive, inputs, settings.comfort, max_braking)
        costs = evaluate_candidates(
            paths, _every_second(profiles), cost_times, scene, directive, settings, inputs.grip
        )
        path, profile = self._choose(costs, paths, profiles)
        chosen = paths.select([path])
        motion = _pick(profiles, profile)
        first_second = motion.acceleration[0, self._times <= 1.0]
        braking = safety.brake_harder(scene, chosen, inputs.speed, first_second, max_braking)
        if braking is not None:
            notes.append(braking.reason)
            motion = self._braked(braking, inputs)
        self._continuity.keep(chosen)
        self._planned = float(np.interp(self._settings.dt, self._times, motion.acceleration[0]))
        rejected = _rejected(costs, paths, profiles, scene, (path, profile))
        return self._plan(scene, directive, chosen, motion, braking, rejected, tuple(notes))

    def _relaxed(self, measured: float, planned: float) -> float:
        """Start of a plan whose predecessor was not executed [m/s²], between its acceleration and the car's.

        The demand persists while nobody fulfils it, so that it shows in every step. But it exceeds the car's
        acceleration by no more than what a plan changes within `RELAXATION`: as an integral of the plans, it
        would reach the limits of the car at the smallest difference from the desired speed.
        """
        fraction = min(self._settings.dt / RELAXATION, 1.0)
        return planned + fraction * (measured - planned)

    def _max_braking(self, inputs: PlanningInput) -> float:
        """Braking that brakes and tyres allow at the present lateral acceleration of the car [m/s²]."""
        lateral_acceleration = inputs.speed * inputs.yaw_rate
        remaining = float(
            np.sqrt(max(inputs.grip**2 - lateral_acceleration**2, (MIN_BRAKING_FRACTION * inputs.grip) ** 2))
        )
        return min(remaining, -self._car.min_acceleration)

    def _decide(
        self, scene: Scene, inputs: PlanningInput, start: Start, safety: SafetyLayer, notes: list[str]
    ) -> LaneDecision:
        decision = self._lane_chooser.choose(scene, inputs, start.state.offset)
        hold_reason = safety.hold_lane(scene, inputs, decision, start.state.offset)
        if hold_reason is None:
            return decision
        self._lane_chooser.abort()
        notes.append(hold_reason)
        return LaneDecision(0, hold_reason, blocked_by=hold_reason)

    def _paths(self, directive: Directive, scene: Scene, start: Start, speed: float) -> Paths:
        clearance = scene.lanes.width / 2.0 - scene.ego_half_width - SIDE_MARGIN
        offsets = LATERAL_OFFSETS[np.abs(LATERAL_OFFSETS) <= clearance]
        targets = [directive.goal, *(directive.goal + offsets)]
        if directive.decision.shift != 0:
            targets.append(0.0)
        continuation = start.continuation
        if continuation is not None and np.abs(np.array(targets) - continuation[0]).min() > 0.05:
            continuation = None  # the last path leads to a lateral that is no target any more
        # When the plan will not be executed (DAgger labelling), the label must always point back to the lane
        # centre, so only the shortest manoeuvre is offered.
        back = not self._settings.plan_is_executed and directive.decision.shift == 0
        return lateral_paths(start.state, np.array(targets), speed, continuation, shortest_only=back)

    def _profiles(
        self, directive: Directive, inputs: PlanningInput, comfort: ComfortSettings, max_braking: float
    ) -> Profiles:
        near = directive.caps.at(np.array([0.0, 1.0, 2.0, 4.0]) * max(inputs.speed, 1.0))
        wanted = [0.0, *(float(speed) for speed in near if np.isfinite(speed))]
        wanted += [lead.speed for lead in directive.leads]
        return longitudinal_profiles(
            inputs.speed, inputs.acceleration, np.array(wanted), self._times, comfort, max_braking
        )

    def _choose(self, costs: CandidateCosts, paths: Paths, profiles: Profiles) -> tuple[int, int]:
        best = costs.best()
        if best is not None:
            return best
        # no candidate may be driven: brake hard along the path with the least curvature
        return int(np.argmax(paths.length)), int(np.argmin(profiles.acceleration.min(axis=1)))

    def _braked(self, braking: Braking, inputs: PlanningInput) -> Profiles:
        comfort = self._settings.comfort
        jerk = comfort.emergency_jerk if braking.emergency else comfort.max_jerk
        target = np.array([braking.acceleration])
        return ramp_profiles(
            inputs.speed, inputs.acceleration, target, jerk, self._times, emergency=braking.emergency
        )

    def _plan(
        self,
        scene: Scene,
        directive: Directive,
        path: Paths,
        motion: Profiles,
        braking: Braking | None,
        rejected: tuple[FloatArray, ...],
        notes: tuple[str, ...],
    ) -> Plan:
        positions, headings, curvatures = path_poses(scene.line, path, motion.station[0])
        emergency = bool(motion.emergency[0])
        explanation = explain(scene, directive, path, motion, self._times, braking)
        return Plan(
            times=self._times,
            positions=positions,
            headings=headings,
            curvatures=curvatures,
            speeds=motion.speed[0],
            accelerations=motion.acceleration[0],
            behaviour=explanation.behaviour,
            reason=explanation.reason,
            cause=explanation.cause,
            emergency=emergency,
            rejected=rejected,
            interventions=notes,
        )


def _every_second(profiles: Profiles) -> Profiles:
    return Profiles(
        profiles.station[:, ::2].copy(),
        profiles.speed[:, ::2].copy(),
        profiles.acceleration[:, ::2].copy(),
        profiles.jerk[:, ::2].copy(),
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
    costs: CandidateCosts, paths: Paths, profiles: Profiles, scene: Scene, chosen: tuple[int, int]
) -> tuple[FloatArray, ...]:
    """Points of the best profile on each path that was not selected, for the viewer."""
    others = [path for path in range(len(paths.target)) if path != chosen[0]][:MAX_REJECTED]
    station = profiles.station[np.argmin(costs.cost[others], axis=1), ::4]
    points, _ = scene.line.to_plane(station, paths.select(others).offset(station))
    return tuple(points)
