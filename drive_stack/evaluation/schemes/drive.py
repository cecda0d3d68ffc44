"""What all schemes are computed from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from drive_stack.types import Contact


@dataclass(frozen=True, slots=True)
class Drive:
    """One episode in the quantities that published schemes ask for."""

    route_completion: float  # 0 … 1
    progress: float  # of the expert's distance, driven in the expert's time, 0 … 1
    collisions: tuple[Contact, ...]  # merged, regardless of fault (CARLA)
    at_fault: tuple[Contact, ...]  # at fault, the first with each actor (nuPlan)
    at_fault_navsim: tuple[Contact, ...]  # the same by NAVSIM's rule of several lanes
    off_lane: float  # fraction of the distance outside all lanes, 0 … 1 (CARLA)
    traffic_pace: tuple[float, ...]  # over the traffic's, at CARLA's four checkpoints, each at most 1
    min_ttc: float  # nuPlan's, a multiple of 0.1 s; inf where never within the horizon
    ttc_within_bound: bool  # NAVSIM's
    comfortable: bool  # every bound at every sample
    off_drivable: float  # greatest distance of a corner outside the drivable area [m]
    wrong_way: float  # most metres against the traffic within a second (nuPlan)
    wrong_way_navsim: float  # most metres off the lanes or against the traffic within a second
    speed_compliance: float  # 0 … 1
    lane_kept: bool


@dataclass(frozen=True, slots=True)
class SchemeScore:
    """A total of 0 … 100 and the terms it is made of."""

    total: float
    terms: Mapping[str, float]


def rounded(total: float, **terms: float) -> SchemeScore:
    """A score with its total and terms rounded."""
    return SchemeScore(round(total, 3), {name: round(float(value), 4) for name, value in terms.items()})
