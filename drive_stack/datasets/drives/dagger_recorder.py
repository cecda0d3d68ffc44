"""Records drives for imitation learning (DAgger): the expert labels every step, even if a student drives."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from drive_stack.datasets.drives.other_actors import other_actors_of
from drive_stack.datasets.drives.perturbation import Perturbation
from drive_stack.datasets.drives.row import DriveRow
from drive_stack.direct_perception.road_ahead import road_ahead
from drive_stack.errors import ConfigError
from drive_stack.evaluation.episodes import Episode
from drive_stack.geometry import wrap_angle
from drive_stack.interfaces import Agent, TruthSource, close_agent, report_applied
from drive_stack.support.jpeg import encode
from drive_stack.types import Control, Observation, StepTrace
from drive_stack.world_state import WorldState

SEGMENT_DURATION = (1.5, 5.0)  # range of the time between two choices of the driver [s]
MAX_LEAD_GAP = 200.0  # vehicles farther ahead are no lead vehicles [m]


@dataclass(frozen=True, slots=True)
class ControlSharing:
    """How the expert and a student share the control."""

    student: Agent | None = None  # None: the expert drives alone
    expert_fraction: float = 0.0  # probability that the expert drives a segment, with a student


@dataclass(frozen=True, slots=True)
class Subsampling:
    """Which steps are saved, and at which JPEG quality."""

    every: int = 1  # every N-th step is saved
    quality: int = 92  # of the JPEGs


class DaggerRecorder:
    """Drives with the expert's or a student's control and records the expert's and the applied control.

    Perturbations may be added to the applied control. The recorder is an `Agent`, so that it is run,
    evaluated and logged like any other agent.
    """

    name = "recording"
    privileged = True  # it reads the truth
    trace: StepTrace | None = None

    def __init__(
        self,
        expert: Agent,
        truth: TruthSource,
        sharing: ControlSharing,
        subsampling: Subsampling,
        *,
        episode: Episode,
        perturbation: Callable[[np.random.Generator], Perturbation] | None,
        rng: np.random.Generator,
    ) -> None:
        """Record ``episode``; all random draws come from ``rng``."""
        self._expert, self._truth, self._sharing, self._subsampling = expert, truth, sharing, subsampling
        self._episode, self._rng = episode, rng
        self._perturbation = perturbation(rng) if perturbation is not None else None
        self._step, self._expert_drives, self._segment_end = 0, True, 0.0
        self.rows: list[DriveRow] = []

    def reset(self, seed: int) -> None:
        """Start the episode. Raises `ConfigError` after the first step: a recorder drives one episode."""
        if self._step:
            raise ConfigError("a recording driver drives one episode")
        self._expert.reset(seed)
        if self._sharing.student is not None:
            self._sharing.student.reset(seed)

    def act(self, observation: Observation) -> Control:
        """The applied control, which may differ from the expert's."""
        state = self._truth.world_state()
        label = self._expert.act(observation)
        driver, applied = self._choose_control(observation, label, state.time)
        perturbed = False
        if self._perturbation is not None:
            applied = self._perturbation.apply(applied, state.time, state.ego.speed, state.car)
            perturbed = self._perturbation.is_active(state.time)
        report_applied(self._expert, applied)
        if self._step % self._subsampling.every == 0:
            self.rows.append(self._row(observation, state, label, applied, driver, perturbed))
        self._step += 1
        return applied

    def close(self) -> None:
        """Release the resources of the student, if there is one."""
        if self._sharing.student is not None:
            close_agent(self._sharing.student)

    def _choose_control(self, observation: Observation, label: Control, time: float) -> tuple[str, Control]:
        """Name of the agent that drives, and its control."""
        student = self._sharing.student
        if student is None:
            return "expert", label
        proposed = student.act(observation)  # also while the expert drives, since the student has a memory
        if time >= self._segment_end:
            self._expert_drives = bool(self._rng.random() < self._sharing.expert_fraction)
            self._segment_end = time + float(self._rng.uniform(*SEGMENT_DURATION))
        return ("expert", label) if self._expert_drives else (student.name, proposed)

    def _row(
        self,
        observation: Observation,
        state: WorldState,
        label: Control,
        applied: Control,
        driver: str,
        perturbed: bool,
    ) -> DriveRow:
        pose, lead, ahead = pose_on_road(state), lead_vehicle(state), road_ahead(state)
        return DriveRow(
            scenario=self._episode.scenario,
            seed=self._episode.seed,
            step=self._step,
            time_s=state.time,
            weather=state.conditions.weather.value,
            light=state.conditions.light.value,
            image=encode(observation.image, self._subsampling.quality, full_colour=False).tobytes(),
            speed_mps=observation.speed,
            yaw_rate_radps=observation.yaw_rate,
            blind_spot_left=observation.blind_spot_left,
            blind_spot_right=observation.blind_spot_right,
            speed_limit_mps=observation.speed_limit,
            command=int(observation.command),
            image_age_s=observation.image_age,
            expert_steering_rad=label.steering,
            expert_acceleration_mps2=label.acceleration,
            applied_steering_rad=applied.steering,
            applied_acceleration_mps2=applied.acceleration,
            driver=driver,
            perturbed=perturbed,
            station_m=state.ego.station,
            lane_offset_m=pose.lane_offset,
            heading_error_rad=pose.heading_error,
            curvature_1pm=pose.curvature,
            lead_gap_m=lead.gap if lead is not None else None,
            lead_speed_mps=lead.speed if lead is not None else None,
            other_actors=other_actors_of(state),
            lane_width_m=ahead.lane_width,
            curvature_30m_1pm=ahead.curvature[1],
            curvature_60m_1pm=ahead.curvature[2],
            curvature_100m_1pm=ahead.curvature[3],
            grade_ahead=ahead.grade,
            may_enter_left=ahead.left,
            may_enter_right=ahead.right,
            lane_ends_in_m=ahead.ends_in if math.isfinite(ahead.ends_in) else None,
            recognition_distance_m=ahead.recognition_distance,
        )


@dataclass(frozen=True, slots=True)
class PoseOnRoad:
    """Where the ego is relative to its lane."""

    lane_offset: float  # to the left of the lane's centre [m]
    heading_error: float  # yaw relative to the road's direction [rad]
    curvature: float  # of the road's reference line [1/m]


@dataclass(frozen=True, slots=True)
class LeadVehicle:
    """The nearest vehicle ahead in the ego's lane."""

    gap: float  # from the ego's front to its rear [m]
    speed: float  # [m/s]


def pose_on_road(state: WorldState) -> PoseOnRoad:
    """The ego's pose relative to its lane and road."""
    ego, road = state.ego, state.road
    lane = road.lanes[max(road.lane_at(ego.station, ego.lateral), 0)]
    _, yaw = road.to_world(np.asarray(ego.station), np.asarray(ego.lateral))
    return PoseOnRoad(
        lane_offset=ego.lateral - lane.lateral_at(ego.station),
        heading_error=float(wrap_angle(ego.yaw - float(yaw))),
        curvature=float(road.curvature_at(np.asarray(ego.station))),
    )


def lead_vehicle(state: WorldState) -> LeadVehicle | None:
    """The lead vehicle within `MAX_LEAD_GAP`; None if there is none.

    A vehicle on the shoulder has the index of the lane next to it, but its centre is not in that lane.
    """
    ego, cars = state.ego, state.vehicles
    lane = state.road.lane_at(ego.station, ego.lateral)
    front = ego.station + state.car.length - state.car.rear_overhang
    gap = cars.station - cars.length / 2.0 - front
    if lane < 0:
        return None
    own = state.road.lanes[lane]
    inside = np.abs(cars.lateral - own.laterals_at(cars.station)) <= own.width / 2.0
    is_ahead = (cars.lane == lane) & inside & (cars.station > ego.station) & (gap < MAX_LEAD_GAP)
    ahead = np.flatnonzero(is_ahead)
    if len(ahead) == 0:
        return None
    nearest = ahead[np.argmin(gap[ahead])]
    return LeadVehicle(float(gap[nearest]), float(cars.speed[nearest]))
