"""Whose fault a contact was."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.geometry import box_corners, to_world
from drive_stack.road_map import RoadMap
from drive_stack.types import Contact, ContactKind, Side
from drive_stack.world_state import WorldState

STANDING = 0.1  # slower than this counts as stopped, as CARLA has it [m/s]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the ego is charged with a contact, and why."""

    at_fault: bool
    reason: str


def judge(contact: Contact, *, inside_one_lane: bool) -> Verdict:
    """nuPlan's and NAVSIM's rule for one contact.

    At fault: hitting something that stands, hitting with the front while moving, or a side hit while
    not wholly inside one lane. Not at fault: standing, or being hit from behind.
    """
    if contact.ego_speed < STANDING:
        return Verdict(False, "the ego stood still")
    if contact.actor_speed < STANDING or contact.kind in (ContactKind.OBJECT, ContactKind.RAIL):
        return Verdict(True, f"drove into a standing {contact.kind.value}")
    if contact.side is Side.FRONT:
        return Verdict(True, f"hit the {contact.kind.value} with its front")
    if contact.side is Side.REAR:
        return Verdict(False, f"was hit from behind by a {contact.kind.value}")
    if not inside_one_lane:
        return Verdict(True, f"hit the {contact.kind.value} sideways while between lanes")
    return Verdict(False, f"was hit on the {contact.side.value} by a {contact.kind.value} in its own lane")


def ego_inside_one_lane(state: WorldState) -> bool:
    """Whether all four corners of the ego lie in the same lane."""
    return any(_holds(state.road, index, state) for index in range(len(state.road.lanes)))


def ego_inside_lanes(state: WorldState) -> bool:
    """Whether the ego's centre lies in any lane (not on a shoulder or beyond)."""
    lane = state.road.lane_at(state.ego.station, state.ego.lateral)
    if lane < 0:
        return False
    centre = state.road.lanes[lane]
    return abs(state.ego.lateral - centre.lateral_at(state.ego.station)) <= centre.width / 2.0


def _holds(road: RoadMap, index: int, state: WorldState) -> bool:
    ego, car, lane = state.ego, state.car, road.lanes[index]
    _, road_yaw = road.to_world(np.asarray(ego.station), np.asarray(ego.lateral))
    centre = np.array([car.centre_ahead, 0.0])
    turn = ego.yaw - float(road_yaw)
    corners = to_world(box_corners(centre, 0.0, car.length, car.width), np.zeros(2), turn)
    return all(
        lane.covers(ego.station + ahead)
        and abs(ego.lateral + left - lane.lateral_at(ego.station + ahead)) <= lane.width / 2.0
        for ahead, left in corners.tolist()
    )
