"""What a drive has to reach, so that arms can be compared by how often they do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

from drive_stack.study.records import DriveRow

MAX_OFF_LANE = 0.05  # fraction of the distance; a drive with more outside the lanes did not succeed in them


class Endpoint(StrEnum):
    """What is compared."""

    SUCCESS = "success"  # completed with no at-fault collision
    SUCCESS_IN_LANES = "success_in_lanes"  # and with at most `MAX_OFF_LANE` of the distance outside the lanes


REACHED: Mapping[Endpoint, Callable[[DriveRow], bool]] = {
    Endpoint.SUCCESS: lambda drive: drive.success,
    Endpoint.SUCCESS_IN_LANES: lambda drive: drive.success and drive.off_lane <= MAX_OFF_LANE,
}
