"""The result of one episode: stable field names, one JSON object."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from drive_stack.evaluation.episode_log import EpisodeLog
from drive_stack.evaluation.metrics.comfort import comfort_share
from drive_stack.evaluation.metrics.driving_score import DrivingScore, driving_score


class Status(StrEnum):
    """How an episode ended."""

    RUNNING = "running"
    COMPLETED = "completed"
    COLLISION = "collision"
    OFF_ROAD = "off_road"
    STUCK = "stuck"
    TIMEOUT = "timeout"
    ERROR = "error"  # the agent failed; see `error`


@dataclass(frozen=True, slots=True)
class EpisodeResult:
    """What one episode came to; field names are stable."""

    agent: str
    privileged: bool  # some part of the agent read the truth
    scenario: str
    seed: int
    status: Status
    collision_with: str | None  # vehicle, pedestrian, object, rail
    at_fault: bool | None  # None where nothing was hit
    fault_reason: str | None
    impact_speed_mps: float | None
    route_completion: float  # 0 … 1
    distance_m: float
    duration_s: float
    mean_speed_mps: float
    min_ttc_s: float | None  # None: never below 10 s
    comfort: float  # share of time chunks inside the comfort bounds, 0 … 1
    off_lane: float  # share of the distance outside the lanes, 0 … 1
    driving_score: float  # 0 … 100
    clamped_actions: int
    stages_ms: Mapping[str, float] = field(default_factory=dict)  # medians
    error: str | None = None

    def to_json(self) -> str:
        """One line of JSON, keys in the order of the fields."""
        return json.dumps(dataclasses.asdict(self), allow_nan=False)


@dataclass(frozen=True, slots=True)
class EpisodeId:
    """Who drove what."""

    agent: str
    privileged: bool
    scenario: str
    seed: int


def score_so_far(log: EpisodeLog, status: Status) -> DrivingScore:
    """The CARLA-style score of an episode that has come this far."""
    hits = [contact for contact, _ in log.contacts]
    return driving_score(
        log.route_completion, hits, log.off_lane_share, timed_out=status in (Status.TIMEOUT, Status.STUCK)
    )


def summarise(
    episode: EpisodeId,
    log: EpisodeLog,
    status: Status,
    *,
    clamped_actions: int,
    stages_ms: Mapping[str, float],
    error: str | None = None,
) -> EpisodeResult:
    """Turn a log into the result. An agent that failed scores 0."""
    first = log.contacts[0] if log.contacts else None
    score = score_so_far(log, status).score if status is not Status.ERROR else 0.0
    duration = log.time[-1] - log.time[0]
    return EpisodeResult(
        agent=episode.agent,
        privileged=episode.privileged,
        scenario=episode.scenario,
        seed=episode.seed,
        status=status,
        collision_with=first[0].kind.value if first else None,
        at_fault=any(verdict.at_fault for _, verdict in log.contacts) if first else None,
        fault_reason=first[1].reason if first else None,
        impact_speed_mps=round(first[0].impact_speed, 3) if first else None,
        route_completion=round(log.route_completion, 4),
        distance_m=round(log.distance, 2),
        duration_s=round(duration, 3),
        mean_speed_mps=round(log.distance / duration, 3) if duration > 0.0 else 0.0,
        min_ttc_s=None if log.min_ttc is None else round(log.min_ttc, 3),
        comfort=round(
            comfort_share(
                np.asarray(log.acceleration), log.lateral_acceleration, np.asarray(log.yaw_rate), log.dt
            ),
            4,
        ),
        off_lane=round(log.off_lane_share, 4),
        driving_score=round(score, 2),
        clamped_actions=clamped_actions,
        stages_ms={name: round(value, 3) for name, value in stages_ms.items()},
        error=error,
    )
