"""From the log of an episode to its scores under every scheme."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from drive_stack.evaluation.episode_log import EpisodeLog
from drive_stack.evaluation.metrics.comfort import comfortable_steps
from drive_stack.evaluation.metrics.direction import wrong_way_navsim, wrong_way_nuplan
from drive_stack.evaluation.metrics.lane_keeping import keeps_lane
from drive_stack.evaluation.metrics.pace import pace_at_checkpoints, speed_compliance
from drive_stack.evaluation.schemes.carla import carla_2_0, carla_2_1
from drive_stack.evaluation.schemes.drive import Drive, SchemeScore
from drive_stack.evaluation.schemes.nuplan import epdms, nuplan, pdms

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


def drive_of(log: EpisodeLog, *, expert: ExpertDrive | None) -> Drive:
    """The quantities of a log. With no expert to compare with, progress is the share of the route."""
    speed, around = np.asarray(log.speed), log.around
    stations, in_lane = np.asarray(log.station), log.lanes >= 0
    along = np.array([one.along for one in around])
    comfortable = comfortable_steps(
        log.longitudinal_acceleration, log.lateral_acceleration, np.asarray(log.yaw_rate), log.dt
    )
    return Drive(
        route_completion=log.route_completion,
        progress=_progress(log, expert),
        collisions=tuple(log.collisions),
        at_fault=log.charged(),
        at_fault_navsim=log.charged(navsim=True),
        off_lane=log.off_lane_share,
        traffic_pace=pace_at_checkpoints(
            speed, [one.traffic_speed for one in around], stations, log.route, CHECKPOINTS
        ),
        min_ttc=min(log.nuplan_ttc),
        ttc_within_bound=log.ttc_within_navsim_bound,
        comfortable=bool(comfortable.all()),
        off_drivable=max(one.place.off_drivable for one in around),
        wrong_way=wrong_way_nuplan(stations, in_lane, log.dt),
        wrong_way_navsim=wrong_way_navsim(log.steps_m, in_lane, along < 0.0, log.dt),
        speed_compliance=speed_compliance(speed, np.array([one.speed_limit for one in around]), in_lane),
        lane_kept=keeps_lane(log.lane_offsets, log.lanes.tolist(), log.dt),
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
