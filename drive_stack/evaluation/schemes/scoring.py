"""From the log of an episode to its scores under every scheme."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from drive_stack.evaluation.episode_log import EpisodeLog
from drive_stack.evaluation.metrics.comfort import comfortable_steps
from drive_stack.evaluation.metrics.lane_keeping import keeps_lane
from drive_stack.evaluation.metrics.merging import merged
from drive_stack.evaluation.metrics.pace import pace_of_traffic, speed_compliance
from drive_stack.evaluation.schemes.carla import carla_2_0, carla_2_1
from drive_stack.evaluation.schemes.drive import Drive, SchemeScore
from drive_stack.evaluation.schemes.nuplan import epdms, nuplan, pdms
from drive_stack.types import FloatArray

CHECKPOINTS = 4  # of CARLA's minimum speed, along the route
SCHEMES = {
    "carla_2_0": carla_2_0,
    "carla_2_1": carla_2_1,
    "nuplan": nuplan,
    "pdms": pdms,
    "epdms": epdms,
}


@dataclass(frozen=True, slots=True)
class ExpertDrive:
    """How the expert did on the same course and seed."""

    distance_m: float
    duration_s: float

    def progress_of(self, distance_by: Callable[[float], float]) -> float:
        """The share of the expert's distance that was driven in the expert's time, at most 1.

        NAVSIM's ego progress is relative to a privileged planner's. Over a whole episode, time has to come
        in: else whoever arrives at all has made all progress. ``distance_by`` tells the metres driven by a
        time since the start.
        """
        if self.distance_m <= 0.0:
            return 1.0
        return min(1.0, distance_by(self.duration_s) / self.distance_m)


def drive_of(log: EpisodeLog, *, timed_out: bool, expert: ExpertDrive | None) -> Drive:
    """The quantities of a log. With no expert to compare with, progress is the share of the route."""
    speed, around = np.asarray(log.speed), log.around
    stations = np.asarray(log.station)
    collisions = merged(
        [(contact, float(np.interp(contact.time, log.time, stations))) for contact, _ in log.contacts]
    )
    charged = {contact.actor_id: contact for contact, verdict in log.contacts if verdict.at_fault}
    offsets = np.array([one.lane_offset for one in around])
    comfortable = comfortable_steps(
        np.asarray(log.acceleration), log.lateral_acceleration, np.asarray(log.yaw_rate), log.dt
    )
    return Drive(
        route_completion=log.route_completion,
        progress=_progress(log, expert),
        collisions=tuple(collisions),
        at_fault=tuple(charged.values()),
        off_lane=log.off_lane_share,
        timed_out=timed_out,
        traffic_pace=pace_of_traffic(
            speed, [one.traffic_speed for one in around], stations, log.route, CHECKPOINTS
        ),
        min_ttc=min(log.ttc),
        comfortable=bool(comfortable.all()),
        on_pavement=all(one.on_pavement for one in around),
        wrong_way=_wrong_way(np.array([one.along for one in around]), log.dt),
        speed_compliance=speed_compliance(speed, np.array([one.speed_limit for one in around])),
        lane_kept=keeps_lane(offsets, [one.lane for one in around], log.dt),
    )


def scores_of(drive: Drive) -> Mapping[str, SchemeScore]:
    """Every scheme's total and terms."""
    return {name: scheme(drive) for name, scheme in SCHEMES.items()}


def _progress(log: EpisodeLog, expert: ExpertDrive | None) -> float:
    if expert is None:
        return log.route_completion
    if log.route_completion == 1.0 and log.duration <= expert.duration_s:
        return 1.0  # a shorter way round is no less of it
    return expert.progress_of(log.distance_by)


def _wrong_way(along: FloatArray, dt: float) -> float:
    """Most metres driven against the traffic within any second; ``along`` (T,) [m/s]."""
    back = np.maximum(-along, 0.0) * dt
    window = min(max(round(1.0 / dt), 1), len(back))
    return float(np.convolve(back, np.ones(window), mode="valid").max())
