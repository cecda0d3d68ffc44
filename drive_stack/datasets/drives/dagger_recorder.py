"""A driver that is taught: the expert says at each step what it would do, whoever has the wheel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from drive_stack.datasets.drives.other_actors import others_of
from drive_stack.datasets.drives.perturbation import Disturbance
from drive_stack.datasets.drives.shard import ShardWriter
from drive_stack.errors import ConfigError
from drive_stack.geometry import wrap_angle
from drive_stack.interfaces import Agent, TruthSource
from drive_stack.support.jpeg import encode
from drive_stack.types import Control, Observation, StepTrace
from drive_stack.world_state import WorldState

SPELL = (1.5, 5.0)  # for how long expert or student has the wheel at a time [s]
AHEAD = 200.0  # a lead farther off does not count [m]


@dataclass(frozen=True, slots=True)
class Wheel:
    """Who has the wheel."""

    student: Agent | None = None  # None: the expert drives alone
    expert_share: float = 0.0  # of the time, in spells, beside a student


@dataclass(frozen=True, slots=True)
class Keeping:
    """What is kept of a drive."""

    every: int = 1  # each so many steps one is kept
    quality: int = 92  # of the JPEGs


class TaughtDriver:
    """Drives by the expert or a student, pushed about by a disturbance, and writes down both.

    An `Agent`, so that it is driven, judged and logged as any other.
    """

    name = "recording"
    privileged = True  # it reads the truth
    trace: StepTrace | None = None

    def __init__(
        self,
        expert: Agent,
        truth: TruthSource,
        wheel: Wheel,
        keeping: Keeping,
        *,
        episode: tuple[str, int],
        disturbance: Callable[[np.random.Generator], Disturbance] | None,
        rng: np.random.Generator,
    ) -> None:
        """``episode`` are scenario and seed; everything drawn comes from ``rng``."""
        self._expert, self._truth, self._wheel, self._keeping = expert, truth, wheel, keeping
        self._episode, self._rng = episode, rng
        self._disturbance = disturbance(rng) if disturbance is not None else None
        self._step, self._expert_drives, self._spell_ends = 0, True, 0.0
        self.shard = ShardWriter()

    def reset(self, seed: int) -> None:
        """Begin; one driver drives one episode."""
        if self._step:
            raise ConfigError("a recording driver drives one episode")
        self._expert.reset(seed)
        if self._wheel.student is not None:
            self._wheel.student.reset(seed)

    def act(self, observation: Observation) -> Control:
        """What is done, which need not be what the expert would do."""
        state = self._truth.world_state()
        label = self._expert.act(observation)
        driver, chosen = self._chosen(observation, label, state.time)
        pushed = False
        if self._disturbance is not None:
            chosen = self._disturbance.apply(chosen, state.time, state.ego.speed, state.car)
            pushed = self._disturbance.on(state.time)
        if self._step % self._keeping.every == 0:
            self.shard.add(self._row(observation, state, label, chosen, driver) | {"disturbed": pushed})
        self._step += 1
        return chosen

    def _chosen(self, observation: Observation, label: Control, time: float) -> tuple[str, Control]:
        student = self._wheel.student
        if student is None:
            return "expert", label
        proposed = student.act(observation)  # also while the expert drives: it remembers what it saw
        if time >= self._spell_ends:
            self._expert_drives = bool(self._rng.random() < self._wheel.expert_share)
            self._spell_ends = time + float(self._rng.uniform(*SPELL))
        return ("expert", label) if self._expert_drives else (student.name, proposed)

    def _row(
        self, seen: Observation, state: WorldState, label: Control, applied: Control, driver: str
    ) -> dict[str, object]:
        scenario, seed = self._episode
        return {
            "scenario": scenario,
            "seed": seed,
            "step": self._step,
            "time_s": state.time,
            "weather": state.conditions.weather.value,
            "light": state.conditions.light.value,
            "image": encode(seen.image, self._keeping.quality, full_colour=False).tobytes(),
            "speed_mps": seen.speed,
            "yaw_rate_radps": seen.yaw_rate,
            "blind_spot_left": seen.blind_spot_left,
            "blind_spot_right": seen.blind_spot_right,
            "speed_limit_mps": seen.speed_limit,
            "command": int(seen.command),
            "image_age_s": seen.image_age,
            "expert_steering_rad": label.steering,
            "expert_acceleration_mps2": label.acceleration,
            "applied_steering_rad": applied.steering,
            "applied_acceleration_mps2": applied.acceleration,
            "driver": driver,
            **course(state),
            **lead(state),
            "others": others_of(state),
        }


def course(state: WorldState) -> dict[str, float]:
    """Where the ego is on its road."""
    ego, road = state.ego, state.road
    lane = road.lanes[max(road.lane_at(ego.station, ego.lateral), 0)]
    _, yaw = road.to_world(np.asarray(ego.station), np.asarray(ego.lateral))
    return {
        "station_m": ego.station,
        "lane_offset_m": ego.lateral - lane.lateral_at(ego.station),
        "heading_error_rad": float(wrap_angle(ego.yaw - float(yaw))),
        "curvature_1pm": float(road.curvature_at(np.asarray(ego.station))),
    }


def lead(state: WorldState) -> dict[str, float | None]:
    """Gap to the nearest vehicle ahead in the ego's lane and its speed; None without one."""
    ego, cars = state.ego, state.vehicles
    lane = state.road.lane_at(ego.station, ego.lateral)
    front = ego.station + state.car.length - state.car.rear_overhang
    gap = cars.station - cars.length / 2.0 - front
    ahead = np.flatnonzero((cars.lane == lane) & (cars.station > ego.station) & (gap < AHEAD))
    if lane < 0 or len(ahead) == 0:
        return {"lead_gap_m": None, "lead_speed_mps": None}
    nearest = ahead[np.argmin(gap[ahead])]
    return {"lead_gap_m": float(gap[nearest]), "lead_speed_mps": float(cars.speed[nearest])}
