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

    def progress_of(self, distance_at: Callable[[float], float]) -> float:
        """The fraction of the expert's distance that was driven in the expert's time, at most 1.

        NAVSIM's ego progress is relative to a privileged planner's. Over a whole episode, time has to come
        in: otherwise every driver that arrives has full progress. ``distance_at`` maps a time since the start
        to the distance driven until then [m].
        """
        if self.distance_m <= 0.0:
            return 1.0
        return min(1.0, distance_at(self.duration_s) / self.distance_m)


def drive_of(log: EpisodeLog, *, expert: ExpertDrive | None) -> Drive:
    """The quantities of a log. Without an expert, progress is the completed fraction of the route."""
    speed, surroundings = np.asarray(log.speed), log.surroundings
    stations, in_lane = np.asarray(log.station), log.lanes >= 0
    road_speed = np.array([instant.road_speed for instant in surroundings])
    comfortable = comfortable_steps(
        log.longitudinal_acceleration, log.lateral_acceleration, np.asarray(log.yaw_rate), log.dt
    )
    return Drive(
        route_completion=log.route_completion,
        progress=_progress(log, expert),
        collisions=tuple(log.collisions),
        at_fault=log.at_fault_contacts(),
        at_fault_navsim=log.at_fault_contacts(navsim=True),
        off_lane=log.off_lane_fraction,
        traffic_pace=pace_at_checkpoints(
            speed, [instant.traffic_speed for instant in surroundings], stations, log.route, CHECKPOINTS
        ),
        min_ttc=min(log.nuplan_ttc),
        ttc_within_bound=log.ttc_within_navsim_bound,
        comfortable=bool(comfortable.all()),
        off_drivable=max(instant.placement.off_drivable for instant in surroundings),
        wrong_way=wrong_way_nuplan(stations, in_lane, log.dt),
        wrong_way_navsim=wrong_way_navsim(log.step_distances, in_lane, road_speed < 0.0, log.dt),
        speed_compliance=speed_compliance(
            speed, np.array([instant.speed_limit for instant in surroundings]), in_lane
        ),
        lane_kept=keeps_lane(log.lane_offsets, log.lanes.tolist(), log.dt),
    )


def scores_of(drive: Drive) -> Mapping[str, SchemeScore]:
    """Every scheme's total and terms."""
    return {name: scheme(drive) for name, scheme in SCHEMES.items()}


def _progress(log: EpisodeLog, expert: ExpertDrive | None) -> float:
    if expert is None:
        return log.route_completion
    if log.route_completion == 1.0 and log.duration <= expert.duration_s:
        return 1.0  # a shorter path is no less progress
    return expert.progress_of(log.distance_at)
