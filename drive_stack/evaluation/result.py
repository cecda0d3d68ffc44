"""The result of one episode as one JSON object with stable field names."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from drive_stack.evaluation.avoidability import Avoidability, Reason, evaluate_avoidability
from drive_stack.evaluation.episode_log import EpisodeLog
from drive_stack.evaluation.metrics.comfort import comfort_fraction
from drive_stack.evaluation.metrics.driving_score import DrivingScore, driving_score
from drive_stack.evaluation.metrics.lane_keeping import autonomy, mean_offset
from drive_stack.evaluation.metrics.pace import pace_of_traffic, standing_free
from drive_stack.evaluation.metrics.ttc import HORIZON
from drive_stack.evaluation.schemes.drive import SchemeScore
from drive_stack.evaluation.schemes.scoring import ExpertDrive, drive_of, scores_of
from drive_stack.types import Contact, ContactKind, FloatArray


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
    """The result of one episode; its field names are stable."""

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
    comfort: float  # fraction of time chunks within the comfort bounds, 0 … 1
    off_lane: float  # fraction of the distance outside the lanes, 0 … 1
    driving_score: float  # 0 … 100
    clamped_actions: int
    stages_ms: Mapping[str, float] = field(default_factory=dict)  # medians
    error: str | None = None
    avoidable: bool | None = None  # by UN R157's careful driver; None where nothing was hit
    progress_of_expert: float | None = (
        None  # fraction of the expert's distance driven in the expert's time, 0 … 1
    )
    pace_of_traffic: float | None = None  # mean speed relative to the traffic around, at most 1
    standing_free_s: float = 0.0  # time stationary with a free road ahead
    standing_free_longest_s: float = 0.0  # the longest such time without interruption
    lane_offset_m: float | None = (
        None  # mean distance from the lane centre, except during completed lane changes
    )
    interventions: int = 0  # times a person would have taken over (PilotNet: over 1 m off the lane centre)
    autonomy: float = 1.0  # PilotNet's, 0 … 1
    speeds_mps: tuple[float, ...] = ()  # deciles over the episode, in increasing order
    ttc_s: tuple[float, ...] = ()  # deciles of the time to collision, longer times as 10 s
    scores: Mapping[str, SchemeScore] = field(default_factory=dict)
    avoidable_reason: str | None = None  # why, as text; None where nothing was hit

    @property
    def charged(self) -> bool:
        """Whether there was an at-fault collision that could have been avoided."""
        return self.at_fault is True and self.avoidable is not False

    def to_json(self) -> str:
        """One line of JSON, keys in the order of the fields."""
        return json.dumps(dataclasses.asdict(self), allow_nan=False)


@dataclass(frozen=True, slots=True)
class EpisodeId:
    """Which agent drove which course."""

    agent: str
    privileged: bool
    scenario: str
    seed: int


def succeeded(result: EpisodeResult) -> bool:
    """Whether the route was completed with no at-fault collision."""
    return result.status is Status.COMPLETED and not result.at_fault


def score_so_far(log: EpisodeLog) -> DrivingScore:
    """Bench2Drive's driving score of an episode up to the present step."""
    return driving_score(log.route_completion, log.collisions, log.off_lane_fraction)


def summarise(
    episode: EpisodeId,
    log: EpisodeLog,
    status: Status,
    *,
    clamped_actions: int,
    stages_ms: Mapping[str, float],
    expert: ExpertDrive | None = None,
    error: str | None = None,
) -> EpisodeResult:
    """Compute the result from a log; ``expert`` is the expert's drive on the same course.

    An episode with an error of the agent has a driving score of 0 and no scores of schemes.
    """
    first = log.contacts[0] if log.contacts else None
    verdict = _avoidability(log)
    drive = drive_of(log, expert=expert)
    offsets, lanes = log.lane_offsets, log.lanes.tolist()
    interventions, autonomous = autonomy(offsets, lanes, log.dt)
    offset = mean_offset(offsets, lanes, log.dt)
    free_ahead = np.array([instant.free_ahead for instant in log.surroundings])
    standing, longest = standing_free(np.asarray(log.speed), free_ahead, log.dt)
    pace = pace_of_traffic(np.asarray(log.speed), [instant.traffic_speed for instant in log.surroundings])
    score = score_so_far(log).score if status is not Status.ERROR else 0.0
    duration = log.duration
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
            comfort_fraction(
                log.longitudinal_acceleration, log.lateral_acceleration, np.asarray(log.yaw_rate), log.dt
            ),
            4,
        ),
        off_lane=round(log.off_lane_fraction, 4),
        driving_score=round(score, 2),
        clamped_actions=clamped_actions,
        stages_ms={name: round(value, 3) for name, value in stages_ms.items()},
        error=error,
        avoidable=None if verdict is None else verdict.avoidable,
        progress_of_expert=None if expert is None else round(drive.progress, 4),
        pace_of_traffic=None if pace is None else round(pace, 4),
        standing_free_s=round(standing, 3),
        standing_free_longest_s=round(longest, 3),
        lane_offset_m=None if offset is None else round(offset, 4),
        interventions=interventions,
        autonomy=round(autonomous, 4),
        speeds_mps=_deciles(np.asarray(log.speed)),
        ttc_s=_deciles(np.minimum(log.ttc, HORIZON)),
        scores={} if status is Status.ERROR else scores_of(drive),
        avoidable_reason=None if verdict is None else verdict.reason.value,
    )


def _deciles(values: FloatArray) -> tuple[float, ...]:
    return tuple(np.quantile(values, np.linspace(0.0, 1.0, 11)).round(2).tolist())


def _avoidability(log: EpisodeLog) -> Avoidability | None:
    """Avoidability of the at-fault contacts, or of the first contact where none is at fault.

    Of several contacts, one that could have been avoided is enough.
    """
    at_fault = [contact for contact, verdict in log.contacts if verdict.at_fault]
    first = [contact for contact, _ in log.contacts[:1]]
    verdicts = [_contact_avoidability(log, contact) for contact in at_fault or first]
    return next((verdict for verdict in verdicts if verdict.avoidable), verdicts[0] if verdicts else None)


def _contact_avoidability(log: EpisodeLog, contact: Contact) -> Avoidability:
    if contact.kind is ContactKind.RAIL:
        return Avoidability(True, Reason.ROAD)
    before = [scene for scene in log.recent_scenes if scene.time <= contact.time + log.dt]
    return evaluate_avoidability(before, contact.actor_id)
